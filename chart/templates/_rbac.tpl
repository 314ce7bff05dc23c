{{- define "ecr-pull-secrets.runRule" -}}
# The one pull secret, by name; the verb get is for its metadata, and for the content of one that may be somebody else's.
- apiGroups: [""]
  resources: [secrets]
  resourceNames: [{{ include "ecr-pull-secrets.dockerSecretName" . | quote }}]
  verbs: [get, create, patch]
{{- end -}}

{{/*
Namespaces that get a Role each, split by commas: those of targetNamespace, read as a run reads them. Only names can be
known here; a wildcard needs the right to list namespaces, and so does the renewer, which watches them.
*/}}
{{- define "ecr-pull-secrets.namesOfRoles" -}}
{{- if .Values.rbac.namespaced -}}
{{- $target := include "ecr-pull-secrets.targetNamespace" . -}}
{{- if not (include "ecr-pull-secrets.isCronJob" .) -}}
{{- fail "rbac.namespaced needs cronjob.enabled: the renewer watches the namespaces of the cluster" -}}
{{- end -}}
{{- if regexMatch "[*?]" $target -}}
{{- fail (printf "rbac.namespaced needs names in targetNamespace, and %q has wildcards: to find what they match a run lists the namespaces of the cluster" $target) -}}
{{- end -}}
{{- $excluded := list -}}
{{- range compact (include "ecr-pull-secrets.namespaceEntries" (include "ecr-pull-secrets.excludeNamespace" .) | splitList ",") -}}
{{- $excluded = append $excluded (printf "^%s$" (. | replace "*" ".*" | replace "?" ".")) -}}
{{- end -}}
{{- $names := list -}}
{{- range compact (include "ecr-pull-secrets.namespaceEntries" $target | splitList ",") | uniq -}}
{{- $name := . -}}
{{- $isExcluded := false -}}
{{- range $excluded -}}{{- if regexMatch . $name -}}{{- $isExcluded = true -}}{{- end -}}{{- end -}}
{{- if not $isExcluded -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- join "," $names -}}
{{- end -}}
{{- end -}}

{{/* As a run splits them: by commas, semicolons and line feeds; blanks count nowhere. */}}
{{- define "ecr-pull-secrets.namespaceEntries" -}}
{{- regexReplaceAll "\\s" (regexReplaceAll "[;\\n]" . ",") "" -}}
{{- end -}}
