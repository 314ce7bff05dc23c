{{/* What adds the secret to pods: none of it with a CronJob. */}}
{{- define "ecr-pull-secrets.injectionMode" -}}
{{- if include "ecr-pull-secrets.isCronJob" . -}}none{{- else -}}{{- .Values.injection.mode -}}{{- end -}}
{{- end -}}

{{/* Whether there is a webhook: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasWebhook" -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "webhook" "both") -}}true{{- end -}}
{{- end -}}

{{/* Whether there is a MutatingAdmissionPolicy: "true" or empty. */}}
{{- define "ecr-pull-secrets.hasPolicy" -}}
{{- if has (include "ecr-pull-secrets.injectionMode" .) (list "policy" "both") -}}true{{- end -}}
{{- end -}}

{{/* What is done about a pod that still needs the secret after all mutations: warn, deny, or none of it without injection. */}}
{{- define "ecr-pull-secrets.check" -}}
{{- if eq (include "ecr-pull-secrets.injectionMode" .) "none" -}}none{{- else -}}{{- .Values.injection.check -}}{{- end -}}
{{- end -}}

{{/* Whether the renewer looks for pods that were not injected: "true" or empty. It cannot evaluate conditions in CEL. */}}
{{- define "ecr-pull-secrets.findsMissedPods" -}}
{{- if and .Values.missedPods.enabled (ne (include "ecr-pull-secrets.injectionMode" .) "none") (not .Values.injection.matchConditions) -}}true{{- end -}}
{{- end -}}

{{/* Whether it evicts some of them: "true" or empty. */}}
{{- define "ecr-pull-secrets.evictsPods" -}}
{{- if and (include "ecr-pull-secrets.findsMissedPods" .) .Values.missedPods.evict -}}true{{- end -}}
{{- end -}}

{{/* The namespaces whose pods are never injected, as a JSON list: the cluster must be able to recover without us, and we without ourselves. */}}
{{- define "ecr-pull-secrets.exceptedNamespaces" -}}
{{- list "kube-system" "kube-public" "kube-node-lease" (include "ecr-pull-secrets.namespace" .) | toJson -}}
{{- end -}}

{{/* The requests that the webhook and both policies match. */}}
{{- define "ecr-pull-secrets.podRules" -}}
- operations: [CREATE]
  apiGroups: [""]
  apiVersions: [v1]
  resources: [pods]
  scope: Namespaced
{{- end -}}

{{/* The namespaces and pods that the webhook and both policies select. */}}
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
      values: {{ include "ecr-pull-secrets.exceptedNamespaces" . }}
objectSelector:
  {{- with include "ecr-pull-secrets.merged" (list .Values.injection.objectSelector.matchLabels) }}
  matchLabels:
    {{- . | nindent 4 }}
  {{- end }}
  matchExpressions:
    {{- with .Values.injection.objectSelector.matchExpressions }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    - key: ecr-pull-secrets.io/inject
      operator: NotIn
      values: [disabled]
{{- end -}}

{{/* The conditions in CEL of the webhook and both policies. */}}
{{- define "ecr-pull-secrets.podConditions" -}}
# A mirror pod must not reference secrets; the API server would reject it.
- name: not-a-mirror-pod
  expression: "!has(object.metadata.annotations) || !('kubernetes.io/config.mirror' in object.metadata.annotations)"
{{- with .Values.injection.matchConditions }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The further registry hosts, in lower case and separated by commas. */}}
{{- define "ecr-pull-secrets.registryHosts" -}}
{{- regexReplaceAll "\\s" (include "ecr-pull-secrets.commaList" .Values.injection.registryHosts) "" | lower | splitList "," | compact | join "," -}}
{{- end -}}
