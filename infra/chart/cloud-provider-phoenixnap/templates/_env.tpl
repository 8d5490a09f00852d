{{/* Environment of the program: files that the pod mounts, how it is registered, and every setting that has a value. */}}
{{- define "ccm.env" -}}
{{- $root := "/etc/cloud-provider-phoenixnap" -}}
- name: PNAP_LISTEN
  value: {{ printf "%s:%d" .Values.listenHost (int .Values.port) | quote }}
{{- with .Values.metrics }}
{{- if .enabled }}
- name: POD_IP
  valueFrom:
    fieldRef:
      fieldPath: status.podIP
- name: PNAP_METRICS_LISTEN
  value: {{ printf "%s:%d" .listenHost (int .port) | quote }}
{{- end }}
{{- end }}
{{- with .Values.credentials }}
{{- if include "ccm.credentialsFile" $ }}
- name: PNAP_CLOUD_CONFIG
  value: {{ $root }}/credentials/cloud-sa.json
{{- else }}
- name: PNAP_CLIENT_ID_FILE
  value: {{ $root }}/credentials/client-id
- name: PNAP_CLIENT_SECRET_FILE
  value: {{ $root }}/credentials/client-secret
{{- end }}
{{- end }}
{{- if include "ccm.hasCertificate" . }}
- name: PNAP_TLS_CERT
  value: {{ $root }}/tls/tls.crt
- name: PNAP_TLS_KEY
  value: {{ $root }}/tls/tls.key
{{- end }}
{{- if .Values.webhook.register }}
- name: PNAP_WEBHOOK_SERVICE
  value: {{ printf "%s/%s:%d" (include "ccm.namespace" .) (include "ccm.name" .) (int .Values.service.port) | quote }}
{{- if include "ccm.hasCertificate" . }}
- name: PNAP_WEBHOOK_CA
  value: {{ $root }}/tls/ca.crt
{{- end }}
{{- end }}
{{- if include "ccm.keepsSecret" . }}
- name: PNAP_SERVING_SECRET
  value: {{ printf "%s/%s-serving" (include "ccm.namespace" .) (include "ccm.name" .) }}
{{- end }}
{{- with .Values.webhook.token }}
{{- if .secretName }}
- name: PNAP_WEBHOOK_TOKEN_FILE
  value: {{ $root }}/webhook/token
{{- if .previousKey }}
- name: PNAP_WEBHOOK_TOKEN_PREVIOUS_FILE
  value: {{ $root }}/webhook/previous
{{- end }}
{{- end }}
{{- end }}
{{- if .Values.status.token.secretName }}
- name: PNAP_STATUS_TOKEN_FILE
  value: {{ $root }}/status/token
{{- end }}
{{- with .Values.apiServer }}
{{- if .host }}
- name: KUBERNETES_SERVICE_HOST
  value: {{ .host | quote }}
- name: KUBERNETES_SERVICE_PORT
  value: {{ int .port | quote }}
{{- end }}
{{- end }}
{{- range $name, $value := .Values.settings }}
{{- if and (not (kindIs "invalid" $value)) (ne (toString $value) "") }}
- name: PNAP_{{ $name | snakecase | upper }}
  value: {{ include "ccm.text" $value | quote }}
{{- end }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}
