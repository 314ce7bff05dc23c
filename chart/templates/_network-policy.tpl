{{/*
What may reach our pods; empty if nothing may. A rule without peers lets everybody in, so there is none for the metrics
unless peers are named. Kubelet's probes come from the pod's own node, which no policy keeps out.
*/}}
{{- define "ecr-pull-secrets.ingressRules" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if include "ecr-pull-secrets.hasWebhook" . }}
# The API server is no pod, so no selector finds it. Anyone else who connects gets the name of a secret, not more.
- ports:
    - port: {{ .Values.webhook.port }}
{{- end }}
{{- with .Values.networkPolicy.metricsFrom }}
- ports:
    {{- range include "ecr-pull-secrets.opsPorts" $ | fromYaml }}
    - port: {{ . }}
    {{- end }}
  from:
    {{- toYaml . | nindent 4 }}
{{- end }}
{{- with .Values.networkPolicy.extraIngress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* What every pod of ours has to reach: names, the API server and what else has its ports, AWS above all. */}}
{{- define "ecr-pull-secrets.egressRules" -}}
{{- $policy := .Values.networkPolicy -}}
- ports:
    {{- range $policy.dnsPorts | default (list 53 5353 8053) }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
    {{- end }}
# AWS, and the API server: some networks judge a connection by the port behind its Service.
- ports:
    {{- range $policy.egressPorts }}
    - port: {{ . }}
    {{- end }}
{{- if $policy.instanceMetadata }}
# The instance's metadata, and the agent of EKS Pod Identity.
- ports:
    - port: 80
  to:
    {{- range list "169.254.169.254/32" "fd00:ec2::254/128" "169.254.170.23/32" "fd00:ec2::23/128" }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}
