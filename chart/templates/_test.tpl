{{/* Whether there is something for `helm test`: "true" or empty. It brings a Role, which not everybody may make. */}}
{{- define "ecr-pull-secrets.hasTest" -}}
{{- if and (not (include "ecr-pull-secrets.isCronJob" .)) .Values.helmTest.enabled .Values.rbac.create (ne (toString .Values.forHelm) "false") -}}true{{- end -}}
{{- end -}}

{{/* Other ones than the Deployment's pods have, which a Service would take for its own. */}}
{{- define "ecr-pull-secrets.testSelectorLabels" -}}
app.kubernetes.io/name: {{ include "ecr-pull-secrets.name" . }}-test
app.kubernetes.io/instance: {{ .Release.Name }}
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

{{/* Labels that a selector matches; where an expression asks for one of several values, the first one. */}}
{{- define "ecr-pull-secrets.labelsFor" -}}
{{- $labels := merge (dict) (.matchLabels | default dict) -}}
{{- range .matchExpressions -}}
{{- if eq .operator "In" -}}{{- $_ := set $labels .key (first .values) -}}
{{- else if and (eq .operator "Exists") (not (hasKey $labels .key)) -}}{{- $_ := set $labels .key "enabled" -}}
{{- end -}}
{{- end -}}
{{- with $labels -}}{{- toYaml . -}}{{- end -}}
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
