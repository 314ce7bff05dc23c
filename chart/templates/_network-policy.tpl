{{/* What every pod of ours has to reach: names, the API server and what else has its ports, AWS above all. */}}
{{- define "ecr-pull-secrets.egressRules" -}}
{{- $policy := .Values.networkPolicy -}}
- ports:
    {{- range $policy.dnsPorts | default (list 53 5353) }}
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
