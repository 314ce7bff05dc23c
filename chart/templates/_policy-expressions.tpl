{{/*
The expressions (CEL) by which the policy decides what server/src decides for the webhook; e2e/test/injection-cases.test.ts
holds both against the same pods. Text that a person chose is quoted as JSON, which CEL reads alike.
*/}}

{{/* A private ECR host of any AWS partition: the pattern of shared/src/ecr-host.ts, of which registry-rule.json has a copy. */}}
{{- define "ecr-pull-secrets.privateEcrHost" -}}
{{- (.Files.Get "registry-rule.json" | fromJson).privateEcrHost -}}
{{- end -}}

{{/* excludeNamespace as a regular expression of whole names; empty where none is excluded. */}}
{{- define "ecr-pull-secrets.excludedNamespaces" -}}
{{- $names := list -}}
{{- range regexSplit "[,;\n]" (include "ecr-pull-secrets.excludeNamespace" .) -1 -}}
{{- $name := regexReplaceAll "\\s" . "" | replace "*" ".*" | replace "?" "." -}}
{{- if $name -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- with $names -}}^(?:{{ join "|" . }})${{- end -}}
{{- end -}}

{{/* The further hosts as a regular expression: one without a port means every port. */}}
{{- define "ecr-pull-secrets.furtherHosts" -}}
{{- $hosts := list -}}
{{- range compact (splitList "," (include "ecr-pull-secrets.registryHosts" .)) -}}
{{- $hosts = append $hosts (regexQuoteMeta .) -}}
{{- end -}}
{{- with $hosts -}}^(?:{{ join "|" . }})(?::[0-9]+)?${{- end -}}
{{- end -}}
