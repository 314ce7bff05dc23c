{{/* What adds the secret to pods, validated. */}}
{{- define "ecr-pull-secrets.injectionMode" -}}
{{- $mode := .Values.injection.mode | default "webhook" -}}
{{- if not (has $mode (list "webhook" "policy" "both" "none")) -}}
{{- fail (printf "injection.mode=%v is not one of webhook, policy, both, none" $mode) -}}
{{- end -}}
{{- $mode -}}
{{- end -}}

{{/* Whether there is a webhook: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasWebhook" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "webhook" "both") -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether there is a MutatingAdmissionPolicy: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasPolicy" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "policy" "both") -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* The requests that both the webhook and the policy match. */}}
{{- define "ecr-pull-secrets.podRules" -}}
- operations: [CREATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  scope: Namespaced
{{- end -}}

{{/* The namespaces and pods that both the webhook and the policy select. */}}
{{- define "ecr-pull-secrets.podSelectors" -}}
{{- $selector := include "ecr-pull-secrets.selector" . | fromJson -}}
namespaceSelector:
  {{- with $selector.matchLabels }}
  matchLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchExpressions:
    {{- with $selector.matchExpressions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # The cluster must be able to recover without us, and we without ourselves.
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [kube-system, kube-public, kube-node-lease, {{ include "ecr-pull-secrets.namespace" . | quote }}]
objectSelector:
  {{- with .Values.injection.objectSelector.matchLabels }}
  matchLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchExpressions:
    {{- with .Values.injection.objectSelector.matchExpressions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - key: ecr-pull-secrets.io/inject
      operator: NotIn
      values: [disabled]
{{- end -}}

{{/* The conditions in CEL of both the webhook and the policy. */}}
{{- define "ecr-pull-secrets.podConditions" -}}
# A mirror pod must not reference secrets; the API server would reject it.
- name: not-a-mirror-pod
  expression: "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
{{- $names := list "not-a-mirror-pod" "not-an-excluded-namespace" }}
{{- range .Values.injection.matchConditions }}
{{- if has .name $names }}
{{- fail (printf "injection.matchConditions: the name %s is repeated, or is the name of a condition of the chart; choose another" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- with .Values.injection.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The further registry hosts, in lower case and separated by commas, with the validation of the webhook. */}}
{{- define "ecr-pull-secrets.registryHosts" -}}
{{- $hosts := list -}}
{{- range splitList "," (include "ecr-pull-secrets.commaList" .Values.injection.registryHosts) -}}
{{- $host := . | trim | lower -}}
{{- if $host -}}
{{- if not (regexMatch "^([a-z0-9]([a-z0-9-]*[a-z0-9])?([.][a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\\[[a-f0-9:]+\\])(:[0-9]{1,5})?$" $host) -}}
{{- fail (printf "injection.registryHosts: %q is not a registry host (host or host:port, no scheme, no path)" $host) -}}
{{- end -}}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" | default "1" | atoi -}}
{{- if or (lt $port 1) (gt $port 65535) -}}
{{- fail (printf "injection.registryHosts: the port of %q is not one from 1 to 65535" $host) -}}
{{- end -}}
{{- $hosts = append $hosts $host -}}
{{- end -}}
{{- end -}}
{{- join "," $hosts -}}
{{- end -}}
