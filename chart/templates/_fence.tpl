{{/*
Whether admission policies fence our own identity: "true" or empty. A user who installs only Roles may not create
policies, and does not need them: the identity has no permissions outside the named namespaces.
*/}}
{{- define "ecr-pull-secrets.hasFence" -}}
{{- if and .Values.fence.enabled (not .Values.rbac.namespaced) -}}true{{- end -}}
{{- end -}}

{{/*
The prefix of each denial message, by which the renewer recognizes it (renewer/src/fence/prove-fence.ts) and a person
finds the violated rule.
*/}}
{{- define "ecr-pull-secrets.fenceMessage" -}}identity fence of ecr-pull-secrets: {{ end -}}

{{/*
The condition that limits a policy to our identity. It cannot fail, and skips the requests of all others. Names in CEL
have double quotes, by which docs/migrating.md finds them in deploy.yaml.
*/}}
{{- define "ecr-pull-secrets.fenceCondition" -}}
- name: is-our-own-identity
  expression: >-
    request.userInfo.?username.orValue("") == {{ printf "system:serviceaccount:%s:%s" (include "ecr-pull-secrets.namespace" .) (include "ecr-pull-secrets.serviceAccountName" .) | toJson }}
{{- end -}}

{{/* The metadata of a ValidatingAdmissionPolicy, from the root and the suffix of its name. */}}
{{- define "ecr-pull-secrets.policyMetadata" -}}
{{- $root := index . 0 -}}
{{- include "ecr-pull-secrets.metadata" (dict "root" $root "isClusterWide" true "name" (printf "%s-%s" (include "ecr-pull-secrets.fullname" $root) (index . 1))) -}}
{{- end -}}

{{/* The binding of such a policy, which denies unless another action comes after the suffix. */}}
{{- define "ecr-pull-secrets.policyBinding" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  {{- include "ecr-pull-secrets.policyMetadata" . | nindent 2 }}
spec:
  policyName: {{ printf "%s-%s" (include "ecr-pull-secrets.fullname" (index . 0)) (index . 1) | toYaml }}
  validationActions: [{{ if gt (len .) 2 }}{{ index . 2 }}{{ else }}Deny{{ end }}, Audit]
{{- end -}}

{{- define "ecr-pull-secrets.fenceNotes" -}}
{{- if not (include "ecr-pull-secrets.hasFence" .) }}

No admission policy fences the ServiceAccount {{ include "ecr-pull-secrets.serviceAccountName" . }} ({{ ternary "rbac.namespaced" "fence.enabled=false" .Values.rbac.namespaced }}). RBAC limits the names of its secrets, but not
their type: anyone who has its token can create {{ include "ecr-pull-secrets.dockerSecretName" . }} as a service-account-token secret in {{ ternary "the named namespaces" "any namespace" .Values.rbac.namespaced }},
and so gain the permissions of any ServiceAccount there (docs/security.md).
{{- end }}
{{- end -}}
