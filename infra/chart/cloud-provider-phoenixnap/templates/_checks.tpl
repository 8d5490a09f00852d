{{/* What a schema cannot compare: values that do not go together, all of them at once. */}}
{{- define "ccm.check" -}}
{{- $problems := list -}}
{{- $name := include "ccm.name" . -}}
{{- $none := list "0" "0%" "00%" -}}
{{- with .Values.updateStrategy -}}
{{- if and (eq .type "RollingUpdate") (has (toString .rollingUpdate.maxSurge) $none) (has (toString .rollingUpdate.maxUnavailable) $none) -}}
{{- $problems = append $problems "updateStrategy.rollingUpdate: maxSurge and maxUnavailable are both 0, so that no pod could ever be replaced; set maxUnavailable=1" -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := .Values.podLabels -}}
{{- if hasKey (include "ccm.selector" $ | fromYaml) $key -}}
{{- $problems = append $problems (printf "podLabels: %s is the label by which the Deployment finds its pods; take another name" $key) -}}
{{- end -}}
{{- end -}}
{{- $seen := dict -}}
{{- range include "ccm.env" . | fromYamlArray -}}
{{- if hasKey $seen .name -}}
{{- $problems = append $problems (printf "extraEnv: %s is set already, by the chart or twice; use the value of the chart that stands for it" .name) -}}
{{- end -}}
{{- $_ := set $seen .name true -}}
{{- end -}}
{{- if and .Values.metrics.enabled (eq (int .Values.metrics.port) (int .Values.port)) -}}
{{- $problems = append $problems (printf "metrics.port: %d is the port of the webhook; take another one" (int .Values.port)) -}}
{{- end -}}
{{- $grace := .Values.settings.shutdownGrace | default "20s" -}}
{{- $zero := toDate "2006-01-02" "2000-01-01" -}}
{{- $seconds := sub (dateModify $grace $zero | unixEpoch | int64) (unixEpoch $zero | int64) -}}
{{- if lt (int64 .Values.terminationGracePeriodSeconds) (add $seconds 6) -}}
{{- $problems = append $problems (printf "settings.shutdownGrace (%s): with the five seconds before it, it would not end within terminationGracePeriodSeconds (%d); set that to %d or more" $grace (int64 .Values.terminationGracePeriodSeconds) (add $seconds 6)) -}}
{{- end -}}
{{- with .Values.credentials -}}
{{- if and (not (include "ccm.credentialsFile" $)) (eq .clientIDKey .clientSecretKey) -}}
{{- $problems = append $problems "credentials: clientIDKey and clientSecretKey are the same key" -}}
{{- end -}}
{{- end -}}
{{- $own := and (eq .Values.tls.mode "certManager") (not .Values.tls.certManager.issuerRef.name) -}}
{{- if and $own (eq .Values.tls.secretName (printf "%s-ca" $name)) -}}
{{- $problems = append $problems (printf "tls.secretName: %s-ca is the Secret of the chart's own authority; take another name" $name) -}}
{{- end -}}
{{- if eq .Values.webhook.token.secretName (printf "%s-serving" $name) -}}
{{- $problems = append $problems (printf "webhook.token.secretName: %s-serving is the Secret that the program keeps itself; take another name, or leave it empty" $name) -}}
{{- end -}}
{{- if $problems -}}
{{- fail (printf "\nvalues do not go together:\n- %s" (join "\n- " $problems)) -}}
{{- end -}}
{{- end }}
