{{/*
The image of our containers. A registry, which a parent chart may set for all its charts, replaces the one in the
repository. A digest identifies the image even if the tag changes.
*/}}
{{- define "ecr-pull-secrets.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository -}}
{{- with (.Values.global).imageRegistry | default $image.registry -}}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) (regexReplaceAll "^([^/]*[.:][^/]*|localhost)/" $repository "") -}}
{{- end -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* imagePullSecrets of our pods as a JSON list, from lists of names or objects, one object, or names separated by commas. */}}
{{- define "ecr-pull-secrets.imagePullSecrets" -}}
{{- $references := list -}}
{{- range list (.Values.global).imagePullSecrets .Values.imagePullSecrets -}}
{{- $all := ternary (list .) . (kindIs "map" .) -}}
{{- if kindIs "string" . -}}{{- $all = regexSplit "[,\\s]+" . -1 | compact -}}{{- end -}}
{{- if kindIs "slice" $all -}}
{{- range $all -}}{{- $references = append $references (ternary (dict "name" .) . (kindIs "string" .)) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson (uniq $references) -}}
{{- end -}}
