{{/* Who puts the secret's name on pods, checked. */}}
{{- define "ecr-pull-secrets.injectionMode" -}}
{{- $mode := .Values.injection.mode | default "webhook" -}}
{{- if not (has $mode (list "webhook" "policy" "both" "none")) -}}
{{- fail (printf "injection.mode=%v is not one of webhook, policy, both, none" $mode) -}}
{{- end -}}
{{- $mode -}}
{{- end -}}

{{/* Whether the webhook is there, and all that serves it: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasWebhook" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "webhook" "both") -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Whether the admission policy is there: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasPolicy" -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "policy" "both") -}}true{{- end -}}
{{- end -}}
{{- end -}}

{{/* Which requests: what the webhook and the policy are registered for alike. */}}
{{- define "ecr-pull-secrets.podRules" -}}
- operations: [CREATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  scope: Namespaced
{{- end -}}

{{/* Which namespaces and pods, for the webhook and the policy alike. */}}
{{- define "ecr-pull-secrets.podSelectors" -}}
namespaceSelector:
  {{- with .Values.namespaceSelector.matchLabels }}
  matchLabels:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  matchExpressions:
    {{- with .Values.namespaceSelector.matchExpressions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    # The cluster must be able to heal without us, and we without ourselves.
    - key: kubernetes.io/metadata.name
      operator: NotIn
      values: [kube-system, kube-public, kube-node-lease, {{ .Release.Namespace | quote }}]
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

{{/* Conditions in CEL, for the webhook and the policy alike. */}}
{{- define "ecr-pull-secrets.podConditions" -}}
# A mirror pod may not name secrets; the API server would refuse it.
- name: not-a-mirror-pod
  expression: "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
{{- $names := list "not-a-mirror-pod" "not-an-excluded-namespace" }}
{{- range .Values.injection.matchConditions }}
{{- if has .name $names }}
{{- fail (printf "injection.matchConditions: the name %s is one of ours, or there twice; choose another" .name) }}
{{- end }}
{{- $names = append $names .name }}
{{- end }}
{{- with .Values.injection.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* More hosts that count as ECR, in lower case and split by commas; checked here, as the webhook does when it starts. */}}
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
