{{/* The program knows its namespace, service account and roles by these names; they are no values. */}}
{{- define "ccm.name" -}}cloud-provider-phoenixnap{{- end }}
{{- define "ccm.namespace" -}}kube-system{{- end }}

{{- define "ccm.selector" -}}
app.kubernetes.io/name: {{ include "ccm.name" . }}
{{- end }}

{{/* Beside them each object names its component. */}}
{{- define "ccm.labels" -}}
{{ include "ccm.selector" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: {{ include "ccm.name" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels of the pods; the operator's own count where both are. No version: the image tells it. */}}
{{- define "ccm.podLabels" -}}
{{- $own := include "ccm.selector" . | fromYaml -}}
{{- $own = merge $own (dict "app.kubernetes.io/component" "controller" "app.kubernetes.io/part-of" (include "ccm.name" .)) -}}
{{- toYaml (merge (deepCopy .Values.podLabels) $own) }}
{{- end }}

{{- define "ccm.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}
{{- else }}{{ .repository }}:{{ .tag | default (printf "v%s" $.Chart.AppVersion) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Secret with the BMC credentials: one of the operator's, or our own. */}}
{{- define "ccm.credentials" -}}
{{- if .Values.credentials.clientID }}{{ include "ccm.name" . }}-credentials
{{- else }}{{ .Values.credentials.secretName }}
{{- end }}
{{- end }}

{{/* Key with the credentials as JSON; empty where they lie in two keys. */}}
{{- define "ccm.credentialsFile" -}}
{{- if not .Values.credentials.clientID }}{{ .Values.credentials.file }}{{ end }}
{{- end }}

{{- define "ccm.hasCertificate" -}}
{{- if ne .Values.tls.mode "selfMade" }}true{{ end }}
{{- end }}

{{/* Annotations of the pods: those by which Prometheus finds them, and the operator's own, which count where both are. */}}
{{- define "ccm.podAnnotations" -}}
{{- $scrape := dict -}}
{{- if and .Values.metrics.enabled (eq .Values.metrics.discovery "annotations") -}}
{{- $port := printf "%d" (int .Values.metrics.port) -}}
{{- $scrape = dict "prometheus.io/scrape" "true" "prometheus.io/port" $port "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with merge (deepCopy .Values.podAnnotations) $scrape }}{{ toYaml . }}{{ end }}
{{- end }}

{{/* Whether the program keeps a Secret: for what nobody gives it. */}}
{{- define "ccm.keepsSecret" -}}
{{- if or (eq .Values.tls.mode "selfMade") (not .Values.webhook.token.secretName) }}true{{ end }}
{{- end }}

{{/* Numbers of values are floating: a plain 6291456 would be written as 6.291456e+06. */}}
{{- define "ccm.text" -}}
{{- if and (kindIs "float64" .) (eq . (floor .)) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}
