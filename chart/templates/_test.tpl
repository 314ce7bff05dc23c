{{/*
Whether there is something for `helm test`: "true" or empty. It brings a Role, which not everybody may make, and a
namespace, which no selector has among the names that it asks for.
*/}}
{{- define "ecr-pull-secrets.hasTest" -}}
{{- if and (not (include "ecr-pull-secrets.isCronJob" .)) .Values.helmTest.enabled .Values.rbac.create (ne (toString .Values.forHelm) "false") (not (include "ecr-pull-secrets.namesNamespaces" .)) -}}true{{- end -}}
{{- end -}}

{{/* The label that each namespace's name is in. The API server sets it, and takes no other value. */}}
{{- define "ecr-pull-secrets.nameLabel" -}}kubernetes.io/metadata.name{{- end -}}

{{/* Whether namespaceSelector takes namespaces by their names: "true" or empty. */}}
{{- define "ecr-pull-secrets.namesNamespaces" -}}
{{- $key := include "ecr-pull-secrets.nameLabel" . -}}
{{- $isNamed := hasKey (.Values.namespaceSelector.matchLabels | default dict) $key -}}
{{- range .Values.namespaceSelector.matchExpressions -}}
{{- if and (eq .key $key) (eq .operator "In") -}}{{- $isNamed = true -}}{{- end -}}
{{- end -}}
{{- if $isNamed -}}true{{- end -}}
{{- end -}}

{{/* Other ones than the Deployment's pods have, which a Service would take for its own. */}}
{{- define "ecr-pull-secrets.testSelectorLabels" -}}
app.kubernetes.io/name: {{ include "ecr-pull-secrets.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end -}}

{{- define "ecr-pull-secrets.testLabels" -}}
{{ include "ecr-pull-secrets.testSelectorLabels" . }}
{{ include "ecr-pull-secrets.versionLabels" . }}
{{- end -}}

{{/* In the order of the number. A test that failed leaves all to be looked at, and the next one starts anew. */}}
{{- define "ecr-pull-secrets.testHook" -}}
helm.sh/hook: test
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/*
Labels that a selector matches; where an expression asks for one of several values, the first one. A namespace's name is
not among them, because nobody can set it.
*/}}
{{- define "ecr-pull-secrets.labelsFor" -}}
{{- $labels := merge (dict) (.matchLabels | default dict) -}}
{{- range .matchExpressions -}}
{{- if hasKey $labels .key -}}{{/* matchLabels says which one. */}}
{{- else if eq .operator "In" -}}{{- $_ := set $labels .key (first .values) -}}
{{- else if eq .operator "Exists" -}}{{- $_ := set $labels .key "enabled" -}}
{{- end -}}
{{- end -}}
{{- with omit $labels (include "ecr-pull-secrets.nameLabel" .) -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* Of the pod that the test tries: what the selector wants, and what the values say that conditions want besides. */}}
{{- define "ecr-pull-secrets.testPodLabels" -}}
{{- $wanted := include "ecr-pull-secrets.labelsFor" (.Values.injection.objectSelector | default dict) | fromYaml -}}
{{- include "ecr-pull-secrets.labelList" (merge (dict) (.Values.helmTest.podLabels | default dict) $wanted) -}}
{{- end -}}

{{/* Labels as `kubectl label` takes them, split by commas. */}}
{{- define "ecr-pull-secrets.labelList" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}{{- end -}}
{{- join "," $pairs -}}
{{- end -}}
