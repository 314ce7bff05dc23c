{{/*
What cannot be without a value. The schema does not see it: Helm takes a key away that is null, and a root without keys
is what --reuse-values brings of another chart, of which there is more to say.
*/}}
{{- define "ecr-pull-secrets.checkValues" -}}
{{- $needed := list "namespaceSelector" "optOut" "routineWritesPerSecond" "tls" "replicaCount" "updateStrategy" "image" "webhook" "renewer" "proxy" "extraCaCerts" "service" "log" "podDisruptionBudget" "networkPolicy" "podMonitor" "serviceMonitor" "prometheusRule" "grafanaDashboard" "helmTest" "serviceAccount" "rbac" -}}
{{- range $needed -}}
{{- if kindIs "invalid" (index $.Values .) -}}
{{- fail (printf "%s must not be null. If it is not in your values: they are those of an older chart, as --reuse-values brings them; use --reset-then-reuse-values" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
