{{/*
The CEL expressions of the two policies for pods, which decide as server/src/admission/ does for the webhook;
e2e/test/injection-modes/injection-cases.ts runs both with the same pods. Values are quoted as JSON, which is also valid in CEL.
*/}}

{{/* excludeNamespace as a regular expression of whole names; empty if none is excluded. */}}
{{- define "ecr-pull-secrets.excludedNamespaces" -}}
{{- with include "ecr-pull-secrets.namespaceEntries" (include "ecr-pull-secrets.excludeNamespace" .) | splitList "," | compact -}}
^(?:{{ join "|" . | replace "*" ".*" | replace "?" "." }})$
{{- end -}}
{{- end -}}

{{/* The further registry hosts as a regular expression: a host without a port matches every port. */}}
{{- define "ecr-pull-secrets.furtherHosts" -}}
{{- with include "ecr-pull-secrets.registryHosts" . -}}^(?:{{ regexQuoteMeta . | replace "," "|" }})(?::[0-9]+)?${{- end -}}
{{- end -}}

{{/* The match conditions of a policy for pods. */}}
{{- define "ecr-pull-secrets.policyConditions" -}}
{{- include "ecr-pull-secrets.podConditions" . }}
{{- with include "ecr-pull-secrets.excludedNamespaces" . }}
- name: not-an-excluded-namespace
  expression: >-
    !request.namespace.matches({{ toJson . }})
{{- end }}
{{- end -}}

{{/* The variables of a policy for pods: whether a pod needs the pull secret, unless every pod gets it, and whether it has it. */}}
{{- define "ecr-pull-secrets.policyVariables" -}}
{{- if not .Values.injection.injectAll -}}
# An image may be missing until a webhook sets it, and containers is null in a pod without containers.
- name: images
  expression: >-
    object.spec.?initContainers.orValue([]).map(container, has(container.image), container.image)
    + (object.spec.?containers.orValue(null) == null ? [] : object.spec.containers).map(container, has(container.image), container.image)
    + object.spec.?volumes.orValue([]).map(volume, has(volume.image) && has(volume.image.reference), volume.image.reference)
# The part before the first "/" if it is a host, with its port.
- name: registries
  expression: >-
    variables.images
    .map(image, image.contains('/') ? image.split('/', 2)[0] : '')
    .map(first, first.matches(r'[.:A-Z]|^localhost$') && first != 'index.docker.io' ? first : 'docker.io')
# Most hosts are excluded by a function that costs a fiftieth of the regular expression.
- name: needsPullSecret
  expression: >-
    variables.registries.exists(registry,
    registry.contains('ecr') && registry.matches(r'^{{ (.Files.Get "registry-rule.json" | fromJson).privateEcrHost }}(?::\d+)?$')
    {{- with include "ecr-pull-secrets.furtherHosts" . }}
    || registry.lowerAscii().matches({{ toJson . }})
    {{- end }})
{{ end -}}
- name: hasPullSecret
  expression: >-
    object.spec.?imagePullSecrets.orValue([]).exists(secret, secret.?name.orValue('') == {{ include "ecr-pull-secrets.dockerSecretName" . | toJson }})
{{- end -}}
