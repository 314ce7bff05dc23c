{{/*
The CEL expressions of the policy, which decide as server/src/admission/ does for the webhook; e2e/test/injection-cases.test.ts
runs both with the same pods. Values are quoted as JSON, which is also valid in CEL.
*/}}

{{/* A private ECR host of any AWS partition: the pattern of shared/src/ecr-host.ts, of which registry-rule.json has a copy. */}}
{{- define "ecr-pull-secrets.privateEcrHost" -}}
{{- (.Files.Get "registry-rule.json" | fromJson).privateEcrHost -}}
{{- end -}}

{{/* excludeNamespace as a regular expression of whole names; empty if none is excluded. */}}
{{- define "ecr-pull-secrets.excludedNamespaces" -}}
{{- $names := list -}}
{{- range regexSplit "[,;\n]" (include "ecr-pull-secrets.excludeNamespace" .) -1 -}}
{{- $name := regexReplaceAll "\\s" . "" | replace "*" ".*" | replace "?" "." -}}
{{- if $name -}}{{- $names = append $names $name -}}{{- end -}}
{{- end -}}
{{- with $names -}}^(?:{{ join "|" . }})${{- end -}}
{{- end -}}

{{/* The further registry hosts as a regular expression: a host without a port matches every port. */}}
{{- define "ecr-pull-secrets.furtherHosts" -}}
{{- $hosts := list -}}
{{- range compact (splitList "," (include "ecr-pull-secrets.registryHosts" .)) -}}
{{- $hosts = append $hosts (regexQuoteMeta .) -}}
{{- end -}}
{{- with $hosts -}}^(?:{{ join "|" . }})(?::[0-9]+)?${{- end -}}
{{- end -}}
