{{/* The remaining seconds at which a certificate counts as not renewed: a quarter of its lifetime (three quarters of renewBefore), or 14 days if that is unknown. */}}
{{- define "ecr-pull-secrets.certificateSeconds" -}}
{{- $mode := include "ecr-pull-secrets.tlsMode" . -}}
{{- $serving := 1209600 -}}
{{- $ca := 1209600 -}}
{{- if eq $mode "self-managed" -}}
{{- $serving = div (include "ecr-pull-secrets.seconds" .Values.tls.selfManaged.servingLifetime | int) 4 -}}
{{- $ca = div (include "ecr-pull-secrets.seconds" .Values.tls.selfManaged.caLifetime | int) 4 -}}
{{- else if eq $mode "cert-manager" -}}
{{- $serving = div (include "ecr-pull-secrets.seconds" .Values.tls.certManager.duration | int) 4 -}}
{{- with .Values.tls.certManager.renewBefore -}}{{- $serving = div (mul 3 (include "ecr-pull-secrets.seconds" . | int)) 4 -}}{{- end -}}
{{- end -}}
serving: {{ $serving }}
ca: {{ $ca }}
{{- end -}}

{{/* The seconds of a duration such as 168h, 30m or 1h30m. */}}
{{- define "ecr-pull-secrets.seconds" -}}
{{- $sum := 0 -}}
{{- range regexFindAll "[0-9]+[hms]" (toString .) -1 -}}
{{- $sum = add $sum (mul (int (regexFind "[0-9]+" .)) (get (dict "h" 3600 "m" 60 "s" 1) (regexFind "[hms]" .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}

{{/* The names and numbers of the ports with /metrics, as YAML. */}}
{{- define "ecr-pull-secrets.opsPorts" -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
webhook-ops: {{ .Values.webhook.opsPort }}
{{ end -}}
renewer-ops: {{ .Values.renewer.opsPort }}
{{- end -}}

{{/* A monitor's endpoint, from the name of the port and the values of the monitor. Without an interval Prometheus has its own. */}}
{{- define "ecr-pull-secrets.endpoint" -}}
{{- $monitor := index . 1 -}}
{{- $endpoint := merge (dict "port" (index . 0)) ($monitor.endpoint | default dict) (dict "path" "/metrics") -}}
{{- with $monitor.interval -}}{{- $endpoint = merge $endpoint (dict "interval" .) -}}{{- end -}}
{{- toYaml $endpoint -}}
{{- end -}}

{{/* By default a monitor selects objects in its own namespace only. */}}
{{- define "ecr-pull-secrets.monitoredNamespace" -}}
{{- with (index . 1).namespace -}}
namespaceSelector:
  matchNames: [{{ include "ecr-pull-secrets.namespace" (index $ 0) | quote }}]
{{- end -}}
{{- end -}}
