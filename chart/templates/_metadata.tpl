{{- define "ecr-pull-secrets.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end -}}

{{/*
The metadata of an object, from a dict: root, and optionally name, namespace, isClusterWide, annotations, labels (ours
override them) and selectedBy (labels by which an operator or a sidecar selects the object, which override ours).
toYaml quotes a name that YAML would read as another type, such as a namespace named 123.
*/}}
{{- define "ecr-pull-secrets.metadata" -}}
{{- $ours := include "ecr-pull-secrets.labelsOf" (list .root "") | fromYaml -}}
name: {{ .name | default (include "ecr-pull-secrets.fullname" .root) | toYaml }}
{{- if not .isClusterWide }}
namespace: {{ .namespace | default (include "ecr-pull-secrets.namespace" .root) | toYaml }}
{{- end }}
labels:
  {{- include "ecr-pull-secrets.merged" (list .selectedBy $ours .labels) | nindent 2 }}
{{- with include "ecr-pull-secrets.annotations" (list .root .annotations) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Annotations of the values, with their templates evaluated. A null removes an annotation, as in Helm. */}}
{{- define "ecr-pull-secrets.annotations" -}}
{{- $root := index . 0 -}}
{{- $annotations := dict -}}
{{- range $key, $value := index . 1 -}}
{{- if not (kindIs "invalid" $value) -}}{{- $_ := set $annotations $key (tpl $value $root) -}}{{- end -}}
{{- end -}}
{{- with $annotations -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/* Several maps of texts as one, because a key must be unique: the first map with a key has its value; a null counts as none. */}}
{{- define "ecr-pull-secrets.merged" -}}
{{- $merged := dict -}}
{{- range . -}}
{{- range $key, $value := . -}}
{{- if not (or (kindIs "invalid" $value) (hasKey $merged $key)) -}}{{- $_ := set $merged $key $value -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- with $merged -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/*
A map without the entries that are empty strings or null, as JSON. By an empty string a value can remove a default of the
chart; a null can too, but parent charts, Argo CD and Kustomize drop it.
*/}}
{{- define "ecr-pull-secrets.withoutEmpty" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}{{- $value = include "ecr-pull-secrets.withoutEmpty" $value | fromJson -}}{{- end -}}
{{- if not (or (kindIs "invalid" $value) (has (toString $value) (list "" "map[]"))) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toJson $kept -}}
{{- end -}}
