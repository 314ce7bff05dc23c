{{/*
Rejects registries by the rule of renewer/src/credentials/registries/registry-rule.ts, of which registry-rule.json is a copy,
because a typing error here is likely and nothing works with it. What else only the renewer rejects is in its log, and it is
not ready. The user information of a key is not shown, because it may contain a password.
*/}}
{{- define "ecr-pull-secrets.checkRegistries" -}}
{{- $rule := .Files.Get "registry-rule.json" | fromJson -}}
{{- $isList := kindIs "slice" .Values.registries -}}
{{- range $index, $entry := include "ecr-pull-secrets.registryList" . | fromJsonArray -}}
{{- $path := ternary (printf "registries[%d]" $index) "registries" $isList -}}
{{- with include "ecr-pull-secrets.problemOf" (list $rule $entry.host) -}}
{{- $shown := regexReplaceAll "[^/]*@" $entry.host "…@" | trunc 300 -}}
{{- fail (printf "%s: %q %s; for example https://123456789012.dkr.ecr.us-east-1.amazonaws.com" $path $shown .) -}}
{{- end -}}
{{- if and $isList (not $entry.tokenOf) (not (regexMatch $rule.ecrHost (include "ecr-pull-secrets.hostOf" $entry.host))) -}}
{{- fail (printf "%s: %q is not an ECR host, so set tokenOf to the ECR host whose token it uses; for example tokenOf: 123456789012.dkr.ecr.us-east-1.amazonaws.com" $path $entry.host) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The entries of registries, each with a host: a list, or a string that is split as DOCKER_REGISTRIES is. */}}
{{- define "ecr-pull-secrets.registryList" -}}
{{- $entries := list -}}
{{- $registries := .Values.registries | default list -}}
{{- if kindIs "string" $registries -}}{{- $registries = compact (regexSplit "[,; \t\r\n\f\v]+" $registries -1) -}}{{- end -}}
{{- range $registries -}}
{{- $entry := ternary (dict "host" .) . (kindIs "string" .) -}}
{{- $entries = append $entries (merge (dict "host" (trim $entry.host)) $entry) -}}
{{- end -}}
{{- toJson $entries -}}
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
{{- regexReplaceAll "(?s)^(?:https?://)?([^/]*?)(?::[0-9]*)?(?:/.*)?$" . "${1}" | lower -}}
{{- end -}}

{{/* Warnings about registries without an explicit token. */}}
{{- define "ecr-pull-secrets.registryNotes" -}}
{{- $rule := .Files.Get "registry-rule.json" | fromJson -}}
{{- range include "ecr-pull-secrets.registryList" . | fromJsonArray -}}
{{- if not (or .tokenOf (regexMatch $rule.ecrHost (include "ecr-pull-secrets.hostOf" .host))) }}

WARNING: registry {{ .host }} is not an ECR host, and gets the token of the first ECR host in registries, or else of awsRegion.
Make sure that it is a proxy or an alias of that registry, or use the list form of registries with tokenOf.
{{- end -}}
{{- end -}}
{{- end -}}
