{{/* Secrets that the program reads from files, again and again: a changed one needs no restart. */}}
{{- define "ccm.volumes" -}}
- name: credentials
  secret:
    secretName: {{ include "ccm.credentials" . }}
    defaultMode: 0440
    items:
      {{- with include "ccm.credentialsFile" . }}
      - { key: {{ . | quote }}, path: cloud-sa.json }
      {{- else }}
      - { key: {{ .Values.credentials.clientIDKey | quote }}, path: client-id }
      - { key: {{ .Values.credentials.clientSecretKey | quote }}, path: client-secret }
      {{- end }}
{{- if include "ccm.hasCertificate" . }}
- name: tls
  secret:
    secretName: {{ .Values.tls.secretName }}
    defaultMode: 0440
    items:
      - { key: tls.crt, path: tls.crt }
      - { key: tls.key, path: tls.key }
      {{- if .Values.webhook.register }}
      - { key: {{ .Values.tls.caKey | quote }}, path: ca.crt }
      {{- end }}
{{- end }}
{{- with .Values.webhook.token }}
{{- if .secretName }}
- name: webhook
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items:
      - { key: {{ .key | quote }}, path: token }
      {{- with .previousKey }}
      - { key: {{ . | quote }}, path: previous }
      {{- end }}
{{- end }}
{{- end }}
{{- with .Values.status.token }}
{{- if .secretName }}
- name: status
  secret:
    secretName: {{ .secretName }}
    defaultMode: 0440
    items:
      - { key: {{ .key | quote }}, path: token }
{{- end }}
{{- end }}
{{- end }}

{{- define "ccm.volumeMounts" -}}
{{- $root := "/etc/cloud-provider-phoenixnap" -}}
- { name: credentials, mountPath: {{ $root }}/credentials, readOnly: true }
{{- if include "ccm.hasCertificate" . }}
- { name: tls, mountPath: {{ $root }}/tls, readOnly: true }
{{- end }}
{{- if .Values.webhook.token.secretName }}
- { name: webhook, mountPath: {{ $root }}/webhook, readOnly: true }
{{- end }}
{{- if .Values.status.token.secretName }}
- { name: status, mountPath: {{ $root }}/status, readOnly: true }
{{- end }}
{{- end }}
