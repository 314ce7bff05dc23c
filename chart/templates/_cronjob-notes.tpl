{{- define "ecr-pull-secrets.cronJobNotes" -}}
{{- $name := include "ecr-pull-secrets.cronJobName" . -}}
ecr-pull-secrets runs as the CronJob {{ $name }} in namespace {{ include "ecr-pull-secrets.namespace" . }}, at {{ .Values.cronjob.schedule }} ({{ .Values.cronjob.timeZone | default "the time zone of the cluster, mostly UTC" }}).
{{- if .Values.cronjob.suspend }}
It is suspended, so it starts no runs.
{{- end }}
It renews the secret {{ include "ecr-pull-secrets.dockerSecretName" . }} in: {{ include "ecr-pull-secrets.targetNamespace" . | quote }}

{{ if include "ecr-pull-secrets.hasFirstRun" . -}}
A first run was started. Show its log:
     kubectl logs -n {{ include "ecr-pull-secrets.namespace" . }} -f job/{{ include "ecr-pull-secrets.firstRunName" . }}
{{ end -}}
Start a run now, and show its log:
     kubectl create job -n {{ include "ecr-pull-secrets.namespace" . }} --from=cronjob/{{ $name }} {{ $name }}-manual-1
     kubectl logs -n {{ include "ecr-pull-secrets.namespace" . }} -f job/{{ $name }}-manual-1
{{- with include "ecr-pull-secrets.withoutEffect" . }}

Only a CronJob is installed, so these values have no effect: {{ . }}
{{- end }}
{{- include "ecr-pull-secrets.registryNotes" . }}
{{- include "ecr-pull-secrets.proxyNotes" . }}

With cronjob.enabled=false namespaces opt in by a label and get their secret at once, and it is added to their pods.
{{- end -}}

{{/* The values that are set but have no effect on a CronJob; only those that a user may expect to have one. */}}
{{- define "ecr-pull-secrets.withoutEffect" -}}
{{- $values := .Values -}}
{{- $selector := $values.injection.objectSelector | default dict -}}
{{- $isSet := dict
  "injection.mode" (ne ($values.injection.mode | default "webhook") "webhook")
  "injection.failurePolicy" (ne ($values.injection.failurePolicy | default "Ignore") "Ignore")
  "injection.injectAll" $values.injection.injectAll
  "injection.registryHosts" $values.injection.registryHosts
  "injection.objectSelector" (or $selector.matchLabels $selector.matchExpressions)
  "injection.matchConditions" $values.injection.matchConditions
  "tls.mode" (ne $values.tls.mode "self-managed")
  "tls.additionalCaBundle" $values.tls.additionalCaBundle
  "namespaceRoles" $values.namespaceRoles
  "optInPolicy.enabled" $values.optInPolicy.enabled
  "optOut" (ne $values.optOut "expire")
  "podMonitor.enabled" $values.podMonitor.enabled
  "serviceMonitor.enabled" $values.serviceMonitor.enabled
  "prometheusRule.enabled" $values.prometheusRule.enabled
  "grafanaDashboard.enabled" $values.grafanaDashboard.enabled
  "deploymentAnnotations" $values.deploymentAnnotations
  "deploymentLabels" $values.deploymentLabels
  "extraContainers" $values.extraContainers
  "topologySpreadConstraints" $values.topologySpreadConstraints
-}}
{{- $names := list -}}
{{- range $name, $set := $isSet -}}{{- if $set -}}{{- $names = append $names $name -}}{{- end -}}{{- end -}}
{{- join ", " $names -}}
{{- end -}}
