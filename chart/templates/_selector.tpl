{{/* The label with the name of a namespace. The API server sets it, and accepts no other value. */}}
{{- define "ecr-pull-secrets.nameLabel" -}}kubernetes.io/metadata.name{{- end -}}

{{/*
namespaceSelector as it takes effect, as JSON. If it requires no label, because it is empty, only excludes namespaces, or
has labels without a value (null), it requires the default label too, so that no namespace opts in by accident.
*/}}
{{- define "ecr-pull-secrets.selector" -}}
{{- $selector := .Values.namespaceSelector | default dict -}}
{{- $label := "ecr-pull-secrets.io/inject" -}}
{{- $requires := false -}}
{{- $labels := dict -}}
{{- range $key, $value := $selector.matchLabels -}}
{{- if not (kindIs "invalid" $value) -}}{{- $requires = true -}}{{- $_ := set $labels $key $value -}}{{- end -}}
{{- end -}}
{{- range $selector.matchExpressions -}}
{{- if has .operator (list "In" "Exists") -}}{{- $requires = true -}}{{- end -}}
{{- end -}}
{{- if not $requires -}}{{- $labels = dict $label "enabled" -}}{{- end -}}
{{- dict "matchLabels" $labels "matchExpressions" ($selector.matchExpressions | default list) | toJson -}}
{{- end -}}

{{/* The same in the syntax of `kubectl -l`, so that the renewer has the same rule as the webhook configuration. */}}
{{- define "ecr-pull-secrets.selectorText" -}}
{{- $selector := include "ecr-pull-secrets.selector" . | fromJson -}}
{{/* An empty variable means the default, so a selector of every namespace has this label. */}}
{{- include "ecr-pull-secrets.requirementsText" $selector | default (include "ecr-pull-secrets.nameLabel" .) -}}
{{- end -}}

{{/* A label selector in the syntax of `kubectl -l`; labels without a value are omitted, as everywhere in the chart. */}}
{{- define "ecr-pull-secrets.requirementsText" -}}
{{- $parts := list -}}
{{- range $key, $value := .matchLabels -}}
{{- if not (kindIs "invalid" $value) -}}{{- $parts = append $parts (printf "%s=%s" $key $value) -}}{{- end -}}
{{- end -}}
{{- range .matchExpressions -}}
{{- $values := join "," .values -}}
{{- $forms := dict "In" (printf "%s in (%s)" .key $values) "NotIn" (printf "%s notin (%s)" .key $values) "Exists" .key "DoesNotExist" (printf "!%s" .key) -}}
{{- $parts = append $parts (get $forms .operator) -}}
{{- end -}}
{{- join "," $parts -}}
{{- end -}}

{{/* Whether namespaceSelector selects namespaces by name: "true" or empty. */}}
{{- define "ecr-pull-secrets.namesNamespaces" -}}
{{- $selector := include "ecr-pull-secrets.selector" . | fromJson -}}
{{- $key := include "ecr-pull-secrets.nameLabel" . -}}
{{- $isNamed := hasKey $selector.matchLabels $key -}}
{{- range $selector.matchExpressions -}}
{{- if and (eq .key $key) (eq .operator "In") -}}{{- $isNamed = true -}}{{- end -}}
{{- end -}}
{{- if $isNamed -}}true{{- end -}}
{{- end -}}

{{/*
Labels that a selector matches, with the first value of an expression that allows several. The label with the name of a
namespace is omitted, because it cannot be set.
*/}}
{{- define "ecr-pull-secrets.labelsFor" -}}
{{- $labels := include "ecr-pull-secrets.merged" (list .matchLabels) | fromYaml -}}
{{- range .matchExpressions -}}
{{- if hasKey $labels .key -}}{{/* matchLabels has the value. */}}
{{- else if eq .operator "In" -}}{{- $_ := set $labels .key (first .values) -}}
{{- else if eq .operator "Exists" -}}{{- $_ := set $labels .key "enabled" -}}
{{- end -}}
{{- end -}}
{{- with omit $labels (include "ecr-pull-secrets.nameLabel" .) -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* Labels that a namespace needs to opt in. */}}
{{- define "ecr-pull-secrets.optInLabels" -}}
{{- include "ecr-pull-secrets.selector" . | fromJson | include "ecr-pull-secrets.labelsFor" -}}
{{- end -}}

{{/* The requirements of a label selector as CEL expressions about variables.labels, as a JSON list. */}}
{{- define "ecr-pull-secrets.requirementsInCel" -}}
{{- $parts := list -}}
{{- range $key, $value := .matchLabels -}}
{{- $parts = append $parts (printf "(%s in variables.labels && variables.labels[%s] == %s)" (toJson $key) (toJson $key) (toString $value | toJson)) -}}
{{- end -}}
{{- range .matchExpressions -}}
{{- $key := toJson .key -}}
{{- $isListed := printf "(%s in variables.labels && variables.labels[%s] in %s)" $key $key (.values | default list | toJson) -}}
{{- $forms := dict "In" $isListed "NotIn" (printf "!%s" $isListed) "Exists" (printf "%s in variables.labels" $key) "DoesNotExist" (printf "!(%s in variables.labels)" $key) -}}
{{- $parts = append $parts (get $forms .operator) -}}
{{- end -}}
{{- toJson $parts -}}
{{- end -}}
