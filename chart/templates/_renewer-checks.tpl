{{/*
What the renewer refuses and the schema cannot say: renewer/src/config-file.ts. Found here, because a renewer with a
wrong configuration does nothing but say so. e2e/test/chart-configuration.test.ts holds both together.
*/}}
{{- define "ecr-pull-secrets.checkConfig" -}}
{{- include "ecr-pull-secrets.checkRegistries" . -}}
{{- range $index, $role := .Values.namespaceRoles -}}
{{- $_ := include "ecr-pull-secrets.namespacePattern" (list (printf "namespaceRoles[%d].namespaces" $index) $role.namespaces) -}}
{{- end -}}
{{- include "ecr-pull-secrets.checkCertificateTimes" .Values.tls.selfManaged -}}
{{- end -}}

{{- define "ecr-pull-secrets.checkRegistries" -}}
{{- $registries := .Values.registries -}}
{{- if kindIs "slice" $registries -}}
{{- range $index, $registry := $registries -}}
{{- $entry := ternary (dict "host" $registry) $registry (kindIs "string" $registry) -}}
{{- $path := printf "registries[%d]" $index -}}
{{- if not (include "ecr-pull-secrets.hostOf" $entry.host | trim) -}}
{{- fail (printf "%s=%q has no host" $path $entry.host) -}}
{{- end -}}
{{- with $entry.tokenOf -}}
{{- if not (include "ecr-pull-secrets.isEcr" .) -}}
{{- fail (printf "%s.tokenOf=%s is not the host of an ECR registry; for example 123456789012.dkr.ecr.us-east-1.amazonaws.com" $path .) -}}
{{- else if include "ecr-pull-secrets.isEcr" $entry.host -}}
{{- fail (printf "%s.tokenOf is not for this entry: its host is an ECR registry, which takes its own token" $path) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The host of a registry, without scheme, path, port and capitals. */}}
{{- define "ecr-pull-secrets.hostOf" -}}
{{- $withoutScheme := regexReplaceAll "^https?://" (lower .) "" -}}
{{- regexReplaceAll ":[0-9]+$" (regexReplaceAll "/.*$" $withoutScheme "") "" -}}
{{- end -}}

{{/* Whether AWS gives tokens for a host: "true" or empty. */}}
{{- define "ecr-pull-secrets.isEcr" -}}
{{- $public := "public\\.ecr\\.aws|ecr-public\\.aws\\.com" -}}
{{- if regexMatch (printf "^(%s|%s)$" (include "ecr-pull-secrets.privateEcrHost" .) $public) (include "ecr-pull-secrets.hostOf" .) -}}true{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.checkCertificateTimes" -}}
{{- $authority := include "ecr-pull-secrets.seconds" .authorityLifetime | int -}}
{{- $serving := include "ecr-pull-secrets.seconds" .servingLifetime | int -}}
{{- $spread := include "ecr-pull-secrets.seconds" .spread | int -}}
{{- range $key, $seconds := dict "authorityLifetime" $authority "servingLifetime" $serving -}}
{{- if lt $seconds 10 -}}{{- fail (printf "tls.selfManaged.%s must be 10s or more" $key) -}}{{- end -}}
{{- end -}}
{{- if gt $serving $authority -}}
{{- fail (printf "tls.selfManaged.servingLifetime=%s must not be longer than authorityLifetime=%s" .servingLifetime .authorityLifetime) -}}
{{- end -}}
{{- if gt (mul 6 $spread) $authority -}}
{{- fail (printf "tls.selfManaged.spread=%s must not be longer than a sixth of authorityLifetime=%s" .spread .authorityLifetime) -}}
{{- end -}}
{{- end -}}

{{/* A proxy's URL, which may hold a password: no message quotes it. kubelet fills in $(VARIABLES). */}}
{{- define "ecr-pull-secrets.checkProxy" -}}
{{- range $key := list "httpsProxy" "httpProxy" -}}
{{- with get $.Values.proxy $key -}}
{{- $port := "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])" -}}
{{- $host := "([^\\s/?#@:\\[\\]]+|\\[[0-9A-Fa-f:.]+\\])" -}}
{{- $credentials := "([^/?#%]|%[0-9A-Fa-f]{2})*@" -}}
{{/* Without a scheme a port has digits: else that of ftp:// would be taken for a host. */}}
{{- $withScheme := printf "(?i:https?)://(%s)?%s(:0*%s?)?" $credentials $host $port -}}
{{- $withoutScheme := printf "(%s)?%s(:0*%s)?" $credentials $host $port -}}
{{- if not (or (contains "$(" .) (regexMatch (printf "^(%s|%s)([/?#]\\S*)?$" $withScheme $withoutScheme) (trim .))) -}}
{{- fail (printf "proxy.%s is not the URL of a proxy, by http or https, with \"%%\" in its credentials written as %%25; for example http://proxy.example.com:3128" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
