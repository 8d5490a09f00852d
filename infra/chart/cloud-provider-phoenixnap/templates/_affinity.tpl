{{/* Control plane nodes first, they come up first; and each pod on a node of its own. */}}
{{- define "ccm.affinity" -}}
{{- if .Values.affinity }}
{{- toYaml .Values.affinity }}
{{- else -}}
nodeAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      preference:
        matchExpressions:
          - { key: node-role.kubernetes.io/control-plane, operator: Exists }
podAntiAffinity:
{{- if eq .Values.antiAffinity "required" }}
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels:
          {{- include "ccm.selector" . | nindent 10 }}
{{- else }}
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            {{- include "ccm.selector" . | nindent 12 }}
{{- end }}
{{- end }}
{{- end }}

{{/* On the node's network a probe needs no address of the pod, which an uninitialised node may not know yet. */}}
{{- define "ccm.probe" -}}
httpGet:
  path: {{ .path }}
  port: serving
  scheme: HTTPS
  {{- if .hostNetwork }}
  host: 127.0.0.1
  {{- end }}
{{- end }}
