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

{{/* What somebody who comes from k8s-ecr-login-renew wants to know. */}}
{{- define "ecr-pull-secrets.oldReleaseNotes" -}}
{{- if include "ecr-pull-secrets.isOldRelease" . }}

This was a release of k8s-ecr-login-renew, so what is not set is as it was there: the pull secret is named
{{ include "ecr-pull-secrets.dockerSecretName" . }}{{ with include "ecr-pull-secrets.targetNamespace" . }}, and the namespaces {{ . | quote }} have it without a label, too{{ end }}.
Values below cronjob do nothing unless cronjob.enabled is set.
{{- end }}
{{- end -}}
