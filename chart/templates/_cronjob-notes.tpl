{{- define "ecr-pull-secrets.cronJobNotes" -}}
{{- $name := include "ecr-pull-secrets.objectName" (list . "cronJob") | trunc 52 | trimSuffix "-" -}}
ecr-pull-secrets runs as the CronJob {{ $name }} in namespace {{ .Release.Namespace }}, at {{ .Values.cronjob.schedule }} (UTC unless the cluster says otherwise).
It renews the secret {{ include "ecr-pull-secrets.dockerSecretName" . }} in: {{ include "ecr-pull-secrets.targetNamespace" . | quote }}

1. Start a run now:
     kubectl create job -n {{ .Release.Namespace }} --from=cronjob/{{ $name }} {{ $name }}-manual-1
2. See what it did:
     kubectl logs -n {{ .Release.Namespace }} job/{{ $name }}-manual-1

With cronjob.enabled=false namespaces opt in by a label, get their secret at once, and their pods its name by themselves.
{{- end -}}
