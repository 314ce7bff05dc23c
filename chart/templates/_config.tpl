{{/* CONFIG_FILE: the settings that are too long for environment variables. */}}
{{- define "ecr-pull-secrets.config" -}}
{{- include "ecr-pull-secrets.checkConfig" . -}}
{{- $registries := list -}}
{{- if kindIs "slice" .Values.registries -}}{{- $registries = .Values.registries -}}{{- end -}}
{{- $config := dict
  "registries" $registries
  "namespaceRoles" (.Values.namespaceRoles | default list)
  "optOut" .Values.optOut
  "routineWritesPerSecond" .Values.routineWritesPerSecond
  "certificates" .Values.tls.selfManaged -}}
{{- /* Without a webhook it is neither validated nor needed. */ -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
{{- with .Values.tls.additionalCaBundle -}}{{- $_ := set $config "additionalCaBundle" . -}}{{- end -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}
