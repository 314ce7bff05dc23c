{{/*
Whether there is a `helm test`: "true" or empty. It needs a Role, which not every user may create, and a
namespace, whose name no selector by name contains.
*/}}
{{- define "ecr-pull-secrets.hasTest" -}}
{{- if and (not (include "ecr-pull-secrets.isCronJob" .)) .Values.helmTest.enabled .Values.rbac.create (ne (toString .Values.forHelm) "false") (not (include "ecr-pull-secrets.namesNamespaces" .)) -}}true{{- end -}}
{{- end -}}

{{/* The name of all objects of the test, unique in the cluster, even among releases of the same name. */}}
{{- define "ecr-pull-secrets.testName" -}}
{{- $fullname := include "ecr-pull-secrets.fullname" . -}}
{{- $hash := sha256sum (printf "%s/%s" (include "ecr-pull-secrets.namespace" .) $fullname) | trunc 8 -}}
{{- printf "%s-test-%s" ($fullname | trunc 49 | trimSuffix "-") $hash -}}
{{- end -}}

{{/*
The metadata of an object of the test, from the root, its order and its namespace. Helm deletes the objects of the test
again, even if it fails, so Helm must not adopt an object that exists already, because it would delete that too. Helm 4
creates by server-side apply, which would adopt it: with this resource version apply only creates, and conflicts
otherwise. Helm 3 creates by POST, which fails then, and omits the version. For the same reason there is no
before-hook-creation.
*/}}
{{- define "ecr-pull-secrets.testObject" -}}
name: {{ include "ecr-pull-secrets.testName" (index . 0) | toYaml }}
{{- with index . 2 }}
namespace: {{ toYaml . }}
{{- end }}
resourceVersion: "1"
labels:
  {{- include "ecr-pull-secrets.labelsOf" (list (index . 0) "-test") | nindent 2 }}
annotations:
  helm.sh/hook: test
  helm.sh/hook-weight: {{ index . 1 | quote }}
  helm.sh/hook-delete-policy: hook-succeeded,hook-failed
  helm.sh/hook-output-log-policy: hook-failed
{{- end -}}

{{/*
The pod of the dry run, as JSON for TEST_POD: the labels that the selector requires, and the fields in helmTest that
conditions and policies require. Empty if nothing differs from the defaults.
*/}}
{{- define "ecr-pull-secrets.triedPod" -}}
{{- $test := .Values.helmTest -}}
{{- $required := include "ecr-pull-secrets.labelsFor" (.Values.injection.objectSelector | default dict) | fromYaml -}}
{{- $labels := include "ecr-pull-secrets.merged" (list $test.podLabels $required) | fromYaml -}}
{{- $pod := dict -}}
{{- range $field, $value := dict "image" $test.podImage "resources" $test.podResources "labels" $labels "annotations" (include "ecr-pull-secrets.annotations" (list . $test.podAnnotations) | fromYaml) -}}
{{- with $value -}}{{- $_ := set $pod $field . -}}{{- end -}}
{{- end -}}
{{- with $pod -}}{{- toJson . -}}{{- end -}}
{{- end -}}
