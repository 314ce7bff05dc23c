{{/* CONFIG_FILE: the settings that are too long for environment variables. */}}
{{- define "ecr-pull-secrets.config" -}}
{{- $registries := list -}}
{{- if kindIs "slice" .Values.registries -}}{{- $registries = include "ecr-pull-secrets.withRoles" (list . "registries") | fromJsonArray -}}{{- end -}}
{{- $config := dict
  "registries" $registries
  "namespaceRoles" (include "ecr-pull-secrets.withRoles" (list . "namespaceRoles") | fromJsonArray)
  "optOut" .Values.optOut
  "routineWritesPerSecond" .Values.routineWritesPerSecond
  "certificates" .Values.tls.selfManaged -}}
{{- if include "ecr-pull-secrets.findsMissedPods" . -}}
{{- $_ := set $config "missedPods" (dict
  "evict" (eq (include "ecr-pull-secrets.evictsPods" .) "true")
  "exceptNamespaces" (include "ecr-pull-secrets.exceptedNamespaces" . | fromJsonArray)
  "podSelector" (include "ecr-pull-secrets.requirementsText" .Values.injection.objectSelector)
  "registryHosts" (include "ecr-pull-secrets.registryHosts" .)
  "injectAll" .Values.injection.injectAll) -}}
{{- end -}}
{{- /* Without a webhook it is neither validated nor needed. */ -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
{{- with .Values.tls.additionalCaBundle -}}{{- $_ := set $config "additionalCaBundle" . -}}{{- end -}}
{{- end -}}
{{- toJson $config -}}
{{- end -}}

{{/* The entries of a list of the values as JSON, with the templates in their role ARNs evaluated, and namespaces as one string. */}}
{{- define "ecr-pull-secrets.withRoles" -}}
{{- $root := index . 0 -}}
{{- $path := index . 1 -}}
{{- $entries := list -}}
{{- range $index, $value := get $root.Values $path | default list -}}
{{- $entry := $value -}}
{{- if kindIs "map" $value -}}
{{- $entry = merge (dict) $value -}}
{{- with $value.roleArn -}}
{{- $_ := set $entry "roleArn" (include "ecr-pull-secrets.roleArn" (list $root (printf "%s[%d].roleArn" $path $index) .)) -}}
{{- end -}}
{{- with $value.namespaces -}}{{- $_ := set $entry "namespaces" (include "ecr-pull-secrets.commaList" .) -}}{{- end -}}
{{- end -}}
{{- $entries = append $entries $entry -}}
{{- end -}}
{{- toJson $entries -}}
{{- end -}}

{{/* A role of the values, with the templates in it evaluated. */}}
{{- define "ecr-pull-secrets.roleArn" -}}
{{- $arn := tpl (index . 2) (index . 0) -}}
{{- if not (regexMatch "^arn:aws[a-z-]*:iam::\\d{12}:role/[\\w+=,.@/-]+$" $arn) -}}
{{- fail (printf "%s is %q, which is not the ARN of a role; for example arn:aws:iam::123456789012:role/team-a" (index . 1) $arn) -}}
{{- end -}}
{{- $arn -}}
{{- end -}}
