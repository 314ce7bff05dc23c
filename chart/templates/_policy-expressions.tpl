{{/*
The CEL expressions of the policy, which decide as server/src/admission/ does for the webhook; e2e/test/injection-cases.test.ts
runs both with the same pods. Values are quoted as JSON, which is also valid in CEL.
*/}}

{{/* A private ECR host of any AWS partition: a copy of PRIVATE_ECR_HOST in shared/src/ecr-host.ts. */}}
{{- define "ecr-pull-secrets.privateEcrHost" -}}
(\d{12})\.dkr[.-]ecr(-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)
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
