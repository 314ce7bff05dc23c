{{/*
Whether admission policies fence our own identity: "true" or empty. Anyone who installs with Roles alone may not create
policies, and can do without: there the identity has no right outside of the named namespaces.
*/}}
{{- define "ecr-pull-secrets.hasFence" -}}
{{- if and .Values.fence.enabled (not .Values.rbac.namespaced) -}}true{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.fenceEnv" -}}
- name: FENCE
  value: {{ ternary "on" "off" (eq (include "ecr-pull-secrets.hasFence" .) "true") | quote }}
{{- end -}}

{{/*
The beginning of each refusal; the renewer recognizes it (renewer/src/fence/prove-fence.ts). Anyone who reads it may
look for the rule that was broken.
*/}}
{{- define "ecr-pull-secrets.fenceMessage" -}}identity fence of ecr-pull-secrets: {{ end -}}

{{/*
The condition that keeps a policy to one identity. It cannot fail, and requests of everybody else end here. Names in CEL
stand in double quotes, which is how docs/migrating.md finds them in deploy.yaml.
*/}}
{{- define "ecr-pull-secrets.fenceCondition" -}}
- name: is-our-own-identity
  expression: >-
    request.userInfo.?username.orValue("") == {{ printf "system:serviceaccount:%s:%s" .Release.Namespace (include "ecr-pull-secrets.serviceAccountName" .) | toJson }}
{{- end -}}

{{/*
The variables for fenceManagers: the object as it is and as it was. The sizes of managed fields of other managers than the
renewer, whose entry is made anew with each of its writes, and of those that an API server makes up at the first apply.
*/}}
{{- define "ecr-pull-secrets.fenceManagedFields" -}}
- name: managed
  expression: >-
    [{{ index . 0 }}, {{ index . 1 }}].map(each, each[?"metadata"][?"managedFields"].orValue(dyn([])).filter(entry,
    entry[?"manager"].orValue("") != "ecr-pull-secrets" || entry[?"operation"].orValue("") != "Apply"
    || entry[?"subresource"].orValue("") != ""))
- name: managedSizes
  expression: >-
    [true, false].map(isMadeUp, variables.managed.map(entries, size(bytes("%s".format([entries.filter(entry,
    (entry[?"manager"].orValue("") == "before-first-apply") == isMadeUp)])))))
{{- end -}}

{{/* The validation of managed fields, which anyone can fill who may apply: what it is not about, and its message's beginning. */}}
{{- define "ecr-pull-secrets.fenceManagers" -}}
- expression: >-
    {{ index . 0 }} variables.managedSizes.all(sizes, sizes[0] <= 262144 || sizes[0] <= sizes[1])
  message: {{ printf "%sits objects get 256 KiB of managed fields at most" (index . 1) | quote }}
{{- end -}}

{{/* The head of a policy of the fence: the root, the end of its name. */}}
{{- define "ecr-pull-secrets.policyMetadata" -}}
{{- $root := index . 0 -}}
name: {{ printf "%s-%s" (include "ecr-pull-secrets.fullname" $root) (index . 1) }}
labels:
  {{- include "ecr-pull-secrets.labels" $root | nindent 2 }}
{{- end -}}

{{/* The binding of such a policy. */}}
{{- define "ecr-pull-secrets.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "ecr-pull-secrets.policyMetadata" . | nindent 2 }}
spec:
  policyName: {{ printf "%s-%s" (include "ecr-pull-secrets.fullname" (index . 0)) (index . 1) }}
  validationActions: [Deny, Audit]
{{- end -}}

{{- define "ecr-pull-secrets.fenceNotes" -}}
{{- if not (include "ecr-pull-secrets.hasFence" .) }}

No admission policy fences the ServiceAccount {{ include "ecr-pull-secrets.serviceAccountName" . }} ({{ ternary "rbac.namespaced" "fence.enabled=false" .Values.rbac.namespaced }}). RBAC limits the names of its secrets, but not
their type: anyone who has its token can make {{ include "ecr-pull-secrets.dockerSecretName" . }} a service-account-token secret in {{ ternary "the named namespaces" "any namespace" .Values.rbac.namespaced }},
and so get the rights of any ServiceAccount there (docs/security.md).
{{- end }}
{{- end -}}

{{/* The label keys that namespaceSelector reads, as the keys of a map. */}}
{{- define "ecr-pull-secrets.selectorKeys" -}}
{{- $keys := dict -}}
{{- range $key, $value := .Values.namespaceSelector.matchLabels -}}{{- $_ := set $keys $key "" -}}{{- end -}}
{{- range .Values.namespaceSelector.matchExpressions -}}{{- $_ := set $keys .key "" -}}{{- end -}}
{{- toYaml $keys -}}
{{- end -}}
