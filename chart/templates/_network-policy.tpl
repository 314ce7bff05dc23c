{{/*
The ingress rules of our pods; empty if there are none. A rule without peers allows everybody, so there is one for metrics
only if there are peers. The kubelet's probes come from the pod's own node, which is always allowed.
*/}}
{{- define "ecr-pull-secrets.ingressRules" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if include "ecr-pull-secrets.hasWebhook" . }}
# No selector matches the API server, because it is not a pod. Any other client learns only the name of the secret.
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

{{/* The egress rules of all our pods: DNS, the API server and AWS. */}}
{{- define "ecr-pull-secrets.egressRules" -}}
{{- $policy := .Values.networkPolicy -}}
- ports:
    {{- range $policy.dnsPorts | default (list 53 5353 8053) }}
    - port: {{ . }}
      protocol: UDP
    - port: {{ . }}
    {{- end }}
# AWS, and the API server: some network plugins match the port behind a Service.
- ports:
    {{- range $policy.egressPorts }}
    - port: {{ . }}
    {{- end }}
{{- if $policy.instanceMetadata }}
# The instance metadata service, and the agent of EKS Pod Identity.
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
