{{/*
The image of our containers. A registry, which a parent chart may set for all its charts, replaces the one in the
repository. A digest identifies the image even if the tag changes.
*/}}
{{- define "ecr-pull-secrets.image" -}}
{{- $image := .Values.image -}}
{{- $repository := $image.repository | default "" -}}
{{- if not $repository -}}
{{- fail (include "ecr-pull-secrets.noRepository" .) -}}
{{- else if regexMatch "@|://|:[^/]*$" $repository -}}
{{- fail (printf "image.repository=%s contains a scheme, a tag or a digest: set only the repository, for example registry.example.com/ecr-pull-secrets, and the tag by image.tag or the digest by image.digest" $repository) -}}
{{- end -}}
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

{{/* The chart has no default: a name in a public registry that is not ours would belong to anyone who registers it. */}}
{{- define "ecr-pull-secrets.noRepository" -}}
{{- $tag := .Values.image.tag | default .Chart.AppVersion -}}
image.repository is required: the repository of the image, which you build from the source. In the folder of the source, run

  docker buildx build --tag registry.example.com/ecr-pull-secrets:{{ $tag }} --push .

with the address of your registry, and install the chart with --set image.repository=registry.example.com/ecr-pull-secrets.
Without a registry, build the image with the tag localhost/ecr-pull-secrets:{{ $tag }}, copy it to every node, and install the
chart with --set image.repository=localhost/ecr-pull-secrets,image.pullPolicy=Never:

  docker buildx build --load --tag localhost/ecr-pull-secrets:{{ $tag }} .
  k3s:       docker save localhost/ecr-pull-secrets:{{ $tag }} | sudo k3s ctr images import -
  kind:      kind load docker-image localhost/ecr-pull-secrets:{{ $tag }}
  minikube:  minikube image load localhost/ecr-pull-secrets:{{ $tag }}

docs/image.md#build-the-image has the same for podman and buildah, and for several platforms.
{{- end -}}
