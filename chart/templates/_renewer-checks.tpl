{{/*
The validation of renewer/src/config/config-file.ts that the schema cannot express, because a renewer with an
invalid configuration does nothing but log the error. e2e/test/chart-configuration.test.ts compares both.
*/}}
{{- define "ecr-pull-secrets.checkConfig" -}}
{{- range $index, $role := .Values.namespaceRoles -}}
{{- $_ := include "ecr-pull-secrets.namespacePattern" (list (printf "namespaceRoles[%d].namespaces" $index) $role.namespaces) -}}
{{- end -}}
{{- include "ecr-pull-secrets.checkCertificateTimes" .Values.tls.selfManaged -}}
{{- end -}}

{{/* Validates by the rule of renewer/src/credentials/registries/registry-rule.ts, of which registry-rule.json is a copy. */}}
{{- define "ecr-pull-secrets.checkRegistries" -}}
{{- $rule := .Files.Get "registry-rule.json" | fromJson -}}
{{- if kindIs "slice" .Values.registries -}}
{{- range $index, $registry := .Values.registries -}}
{{- $entry := ternary (dict "host" $registry) $registry (kindIs "string" $registry) -}}
{{- include "ecr-pull-secrets.checkRegistry" (list $rule (printf "registries[%d]" $index) $entry) -}}
{{- end -}}
{{- else -}}
{{- $keys := include "ecr-pull-secrets.registryList" . | fromJsonArray -}}
{{- if gt (len $keys) (int $rule.maximumEntries) -}}
{{- fail (printf "registries has %d entries, but a Secret has room for %v" (len $keys) $rule.maximumEntries) -}}
{{- end -}}
{{- range $keys -}}
{{- include "ecr-pull-secrets.checkKey" (list $rule "registries" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The string form of registries, split as DOCKER_REGISTRIES is. */}}
{{- define "ecr-pull-secrets.registryList" -}}
{{- $keys := list -}}
{{- if kindIs "string" .Values.registries -}}
{{- $keys = compact (regexSplit "[,; \t\r\n\f\v]+" .Values.registries -1) -}}
{{- end -}}
{{- toJson $keys -}}
{{- end -}}

{{- define "ecr-pull-secrets.checkRegistry" -}}
{{- $rule := index . 0 -}}
{{- $path := index . 1 -}}
{{- $host := trim (index . 2).host -}}
{{- include "ecr-pull-secrets.checkKey" (list $rule $path $host) -}}
{{- $isEcr := regexMatch $rule.ecrHost (include "ecr-pull-secrets.hostOf" $host) -}}
{{- $tokenOf := (index . 2).tokenOf | default "" | trim | lower -}}
{{- if not (or $isEcr $tokenOf) -}}
{{- fail (printf "%s: %q is not an ECR host, so set tokenOf to the ECR host whose token it uses; for example tokenOf: 123456789012.dkr.ecr.us-east-1.amazonaws.com" $path $host) -}}
{{- else if and $isEcr $tokenOf -}}
{{- fail (printf "%s.tokenOf must not be set, because the host is an ECR registry, which uses its own token" $path) -}}
{{- else if $tokenOf -}}
{{- include "ecr-pull-secrets.checkKey" (list $rule (printf "%s.tokenOf" $path) $tokenOf) -}}
{{- if or (contains "*" $tokenOf) (not (regexMatch $rule.ecrHost (include "ecr-pull-secrets.hostOf" $tokenOf))) -}}
{{- fail (printf "%s.tokenOf=%q is not the host of an ECR registry; for example 123456789012.dkr.ecr.us-east-1.amazonaws.com" $path $tokenOf) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* User information is not shown, because it may contain a password. */}}
{{- define "ecr-pull-secrets.checkKey" -}}
{{- $path := index . 1 -}}
{{- $key := index . 2 -}}
{{- with include "ecr-pull-secrets.problemOf" (list (index . 0) $key) -}}
{{- $shown := regexReplaceAll "[^/]*@" $key "…@" | trunc 300 -}}
{{- fail (printf "%s: %q %s; for example https://123456789012.dkr.ecr.us-east-1.amazonaws.com" $path $shown .) -}}
{{- end -}}
{{- end -}}

{{/* The first reason to reject a key; empty if there is none. */}}
{{- define "ecr-pull-secrets.problemOf" -}}
{{- $key := index . 1 -}}
{{- $address := regexReplaceAll "^https?://" $key "" -}}
{{- $hostPort := regexReplaceAll "(?s)/.*$" $address "" -}}
{{- $parts := dict "key" $key "address" $address "hostPort" $hostPort "host" (include "ecr-pull-secrets.hostOf" $key) "path" (trimPrefix $hostPort $address) -}}
{{- $problem := "" -}}
{{- range (index . 0).checks -}}
{{- $text := get $parts .of -}}
{{- $applies := and (regexMatch (get . "if") $text) (not (and .unless (regexMatch .unless $text))) -}}
{{- if and $applies (not $problem) -}}{{- $problem = .problem -}}{{- end -}}
{{- end -}}
{{- $problem -}}
{{- end -}}

{{/* The host of a key in lower case, without scheme, path and port. */}}
{{- define "ecr-pull-secrets.hostOf" -}}
{{- $hostPort := regexReplaceAll "(?s)/.*$" (regexReplaceAll "^https?://" . "") "" -}}
{{- regexReplaceAll ":[0-9]*$" $hostPort "" | lower -}}
{{- end -}}

{{/* Warnings about registries without an explicit token. */}}
{{- define "ecr-pull-secrets.registryNotes" -}}
{{- $rule := .Files.Get "registry-rule.json" | fromJson -}}
{{- range include "ecr-pull-secrets.registryList" . | fromJsonArray -}}
{{- if not (regexMatch $rule.ecrHost (include "ecr-pull-secrets.hostOf" .)) }}

WARNING: registry {{ . }} is not an ECR host, and gets the token of the first ECR host in registries, or else of awsRegion.
Make sure that it is a proxy or an alias of that registry, or use the list form of registries with tokenOf.
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.checkCertificateTimes" -}}
{{- $ca := include "ecr-pull-secrets.seconds" .caLifetime | int -}}
{{- $serving := include "ecr-pull-secrets.seconds" .servingLifetime | int -}}
{{- $trustPropagation := include "ecr-pull-secrets.seconds" .trustPropagation | int -}}
{{- range $key, $seconds := dict "caLifetime" $ca "servingLifetime" $serving -}}
{{- if lt $seconds 10 -}}{{- fail (printf "tls.selfManaged.%s must be 10s or more" $key) -}}{{- end -}}
{{- end -}}
{{- if gt $serving $ca -}}
{{- fail (printf "tls.selfManaged.servingLifetime=%s must not be longer than caLifetime=%s" .servingLifetime .caLifetime) -}}
{{- end -}}
{{- if gt (mul 6 $trustPropagation) $ca -}}
{{- fail (printf "tls.selfManaged.trustPropagation=%s must not be longer than a sixth of caLifetime=%s" .trustPropagation .caLifetime) -}}
{{- end -}}
{{- end -}}

{{/* No message quotes the URL of a proxy, because it may contain a password. The kubelet expands $(VARIABLES). */}}
{{- define "ecr-pull-secrets.checkProxy" -}}
{{- range $key := list "httpsProxy" "httpProxy" -}}
{{- with get $.Values.proxy $key -}}
{{- $port := "([0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])" -}}
{{- $host := "([^\\s/?#@:\\[\\]]+|\\[[0-9A-Fa-f:.]+\\])" -}}
{{- $credentials := "([^/?#%]|%[0-9A-Fa-f]{2})*@" -}}
{{/* Without a scheme a port must have digits, or the scheme of ftp:// would count as a host. */}}
{{- $withScheme := printf "(?i:https?)://(%s)?%s(:0*%s?)?" $credentials $host $port -}}
{{- $withoutScheme := printf "(%s)?%s(:0*%s)?" $credentials $host $port -}}
{{- if not (or (contains "$(" .) (regexMatch (printf "^(%s|%s)([/?#]\\S*)?$" $withScheme $withoutScheme) (trim .))) -}}
{{- fail (printf "proxy.%s is not the http or https URL of a proxy, with \"%%\" in its credentials written as %%25; for example http://proxy.example.com:3128" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
