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

{{/* Of all objects of the test. Nobody else's have it, not even those of a release that is called the same elsewhere. */}}
{{- define "ecr-pull-secrets.testName" -}}
{{- $fullname := include "ecr-pull-secrets.fullname" . -}}
{{- $hash := sha256sum (printf "%s/%s" .Release.Namespace $fullname) | trunc 8 -}}
{{- printf "%s-test-%s" ($fullname | trunc 49 | trimSuffix "-") $hash -}}
{{- end -}}

{{/*
Name, version and hook of a test's object, made in the order of the number. What Helm has made it removes again, even if
the test fails; it must make nothing that is there already, because it would remove that too. Helm 4 creates by
server-side apply, which would take the object over: with this version apply creates only (a conflict otherwise). Helm 3
creates by POST, which fails then, and leaves the version out. So there is no before-hook-creation either.
*/}}
{{- define "ecr-pull-secrets.testObject" -}}
name: {{ include "ecr-pull-secrets.testName" (index . 0) }}
resourceVersion: "1"
annotations:
  helm.sh/hook: test
  helm.sh/hook-weight: {{ index . 1 | quote }}
  helm.sh/hook-delete-policy: hook-succeeded,hook-failed
  helm.sh/hook-output-log-policy: hook-failed
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

{{/*
The pod that the test tries, as JSON for TEST_POD: labels that the selector wants, and what the values say that
conditions and policies want besides. Empty where nothing differs from the defaults.
*/}}
{{- define "ecr-pull-secrets.triedPod" -}}
{{- $test := .Values.helmTest -}}
{{- $wanted := include "ecr-pull-secrets.labelsFor" (.Values.injection.objectSelector | default dict) | fromYaml -}}
{{- $labels := merge (dict) ($test.podLabels | default dict) $wanted -}}
{{- $pod := dict -}}
{{- range $field, $value := dict "image" $test.podImage "resources" $test.podResources "labels" $labels "annotations" $test.podAnnotations -}}
{{- with $value -}}{{- $_ := set $pod $field . -}}{{- end -}}
{{- end -}}
{{- with $pod -}}{{- toJson . -}}{{- end -}}
{{- end -}}

{{/* Labels as `kubectl label` takes them, split by commas. */}}
{{- define "ecr-pull-secrets.labelList" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}{{- $pairs = append $pairs (printf "%s=%s" $key $value) -}}{{- end -}}
{{- join "," $pairs -}}
{{- end -}}
