{{/*
Whether admission policies fence our own identity: "true" or empty. A user who installs only Roles may not create
policies, and does not need them: the identity has no permissions outside the named namespaces.
*/}}
{{- define "ecr-pull-secrets.hasFence" -}}
{{- if and .Values.fence.enabled (not .Values.rbac.namespaced) -}}true{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.fenceEnv" -}}
- name: FENCE
  value: {{ ternary "on" "off" (eq (include "ecr-pull-secrets.hasFence" .) "true") | quote }}
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

{{/*
The variables for fenceManagers, from the new and the old object: the sizes of the managed fields of all managers except
the renewer, whose entry is replaced by each of its writes, and of the entries that an API server adds at the first apply.
*/}}
{{- define "ecr-pull-secrets.fenceManagedFields" -}}
- name: managed
  expression: >-
    [{{ index . 0 }}, {{ index . 1 }}].map(each, each[?"metadata"][?"managedFields"].orValue(dyn([])).filter(entry,
    entry[?"manager"].orValue("") != "ecr-pull-secrets" || entry[?"operation"].orValue("") != "Apply"
    || entry[?"subresource"].orValue("") != ""))
- name: managedSizes
  expression: >-
    [true, false].map(isBeforeFirstApply, variables.managed.map(entries, size(bytes("%s".format([entries.filter(entry,
    (entry[?"manager"].orValue("") == "before-first-apply") == isBeforeFirstApply)])))))
{{- end -}}

{{/* The validation of managed fields, which anyone who may apply can fill: the exceptions, and the prefix of the message. */}}
{{- define "ecr-pull-secrets.fenceManagers" -}}
- expression: >-
    {{ index . 0 }} variables.managedSizes.all(sizes, sizes[0] <= 262144 || sizes[0] <= sizes[1])
  message: {{ printf "%sthe managed fields of its objects must not exceed 256 KiB" (index . 1) | quote }}
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
