{{- define "ecr-pull-secrets.runRule" -}}
# Only the pull secret, by name; get is for its metadata, and for the content of a secret that may not be ours.
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "ecr-pull-secrets.dockerSecretName" . | quote }}]
  verbs: [get, create, patch]
{{- end -}}

{{/*
The namespaces that get a Role each, separated by commas: those of targetNamespace, parsed as a run does. Wildcards cannot
be expanded here; they need the permission to list namespaces, and so does the renewer, which watches them.
*/}}
{{- define "ecr-pull-secrets.namesOfRoles" -}}
{{- if .Values.rbac.namespaced -}}
{{- $target := include "ecr-pull-secrets.targetNamespace" . -}}
{{- if regexMatch "[*?]" $target -}}
{{- fail (printf "rbac.namespaced needs names in targetNamespace, but %q has wildcards, for which a run must list the namespaces of the cluster" $target) -}}
{{- end -}}
{{- $excluded := include "ecr-pull-secrets.excludedNamespaces" . -}}
{{- $names := list -}}
{{- range compact (include "ecr-pull-secrets.namespaceEntries" $target | splitList ",") | uniq -}}
{{- if not (and $excluded (regexMatch $excluded .)) -}}{{- $names = append $names . -}}{{- end -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}
{{- end -}}

{{/* Splits as a run does: by commas, semicolons and line feeds; blanks are ignored. */}}
{{- define "ecr-pull-secrets.namespaceEntries" -}}
{{- regexReplaceAll "\\s" (regexReplaceAll "[;\\n]" . ",") "" -}}
{{- end -}}

{{/* What a binding says: the ServiceAccount gets the role, from the root, its kind and its name. */}}
{{- define "ecr-pull-secrets.grant" -}}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ index . 1 }}
  name: {{ index . 2 | toYaml }}
subjects:
  - kind: ServiceAccount
    name: {{ include "ecr-pull-secrets.serviceAccountName" (index . 0) | toYaml }}
    namespace: {{ include "ecr-pull-secrets.namespace" (index . 0) | toYaml }}
{{- end -}}
