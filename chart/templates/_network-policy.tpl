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
# AWS, and the API server: some network plugins match the port behind a Service. Also the proxy.
- ports:
    {{- /* As text, because a number of --set has another type than one of a file. */}}
    {{- range concat $policy.egressPorts (include "ecr-pull-secrets.proxyPorts" . | fromJsonArray) | join "," | splitList "," | uniq }}
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

{{/*
The ports of the proxies in the values, and those in noProxy, which are reached directly, as a JSON list. A proxy of an
existing Secret, or with a variable in its address, has a port that is unknown here (NOTES.txt).
*/}}
{{- define "ecr-pull-secrets.proxyPorts" -}}
{{- $ports := list -}}
{{- range compact (list .Values.proxy.httpsProxy .Values.proxy.httpProxy) -}}
{{- $address := trim . | lower -}}
{{/* The last "@" before the path ends the user information. */}}
{{- $hostPort := regexReplaceAll "^(https?://)?([^/?#]*@)?([^/?#]*).*$" $address "${3}" -}}
{{- $port := regexFind "[0-9]+$" (regexFind ":[0-9]+$" $hostPort) | default (ternary "443" "80" (hasPrefix "https://" $address)) -}}
{{- if not (contains "$(" $hostPort) -}}{{- $ports = append $ports (float64 $port) -}}{{- end -}}
{{- end -}}
{{- range splitList "," (include "ecr-pull-secrets.commaList" .Values.proxy.noProxy) -}}
{{- with regexFind "^([^:]+|\\[.*\\]):[0-9]+$" (trim .) -}}{{- $ports = append $ports (regexFind "[0-9]+$" . | float64) -}}{{- end -}}
{{- end -}}
{{- toJson (uniq $ports) -}}
{{- end -}}

{{/* The egress to a proxy whose port is unknown to the chart must be opened by hand. */}}
{{- define "ecr-pull-secrets.proxyNotes" -}}
{{- $proxy := .Values.proxy -}}
{{- if and .Values.networkPolicy.enabled (or $proxy.existingSecret (contains "$(" (print $proxy.httpsProxy $proxy.httpProxy))) }}

The port of the proxy is not in the values, so the network policy allows it only if it is one of networkPolicy.egressPorts: add it there.
{{- end -}}
{{- end -}}
