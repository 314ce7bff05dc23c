{{/*
The CEL expressions of the policy, which decide as server/src/admission/ does for the webhook; e2e/test/injection-cases.test.ts
runs both with the same pods. Values are quoted as JSON, which is also valid in CEL.
*/}}

{{/* excludeNamespace as a regular expression of whole names; empty if none is excluded. */}}
{{- define "ecr-pull-secrets.excludedNamespaces" -}}
{{- with include "ecr-pull-secrets.namespaceEntries" (include "ecr-pull-secrets.excludeNamespace" .) | splitList "," | compact -}}
^(?:{{ join "|" . | replace "*" ".*" | replace "?" "." }})$
{{- end -}}
{{- end -}}

{{/* The further registry hosts as a regular expression: a host without a port matches every port. */}}
{{- define "ecr-pull-secrets.furtherHosts" -}}
{{- with include "ecr-pull-secrets.registryHosts" . -}}^(?:{{ regexQuoteMeta . | replace "," "|" }})(?::[0-9]+)?${{- end -}}
{{- end -}}
