{{/* The names of its Jobs have eleven more characters, and at most 63. */}}
{{- define "ecr-pull-secrets.cronJobName" -}}
{{- include "ecr-pull-secrets.objectName" (list . "cronJob") | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/*
The name of the first run. It ends with a digest of all inputs of the run. If one of them changes, the name changes too, so
that a new Job runs, because a Job is immutable. If none changes, it is the same Job, which does not run again. The
inputs include the annotations of the ServiceAccount, which contain its AWS role, and RBAC, because a run without
permissions has to be repeated.
*/}}
{{- define "ecr-pull-secrets.firstRunName" -}}
{{- $inputs := list (include "ecr-pull-secrets.jobSpec" .) (include "ecr-pull-secrets.config" .) (include "ecr-pull-secrets.awsKeysChecksum" .) (include "ecr-pull-secrets.annotations" (list . .Values.serviceAccount.annotations)) (.Values.rbac | toJson) -}}
{{- printf "%s-%s" (include "ecr-pull-secrets.cronJobName" .) (join "\n" $inputs | sha256sum | trunc 10) -}}
{{- end -}}

{{/* Whether there is a first run: "true" or empty. A suspended CronJob has none. */}}
{{- define "ecr-pull-secrets.hasFirstRun" -}}
{{- if and (include "ecr-pull-secrets.isCronJob" .) .Values.cronjob.runOnInstall (not .Values.cronjob.suspend) -}}true{{- end -}}
{{- end -}}

{{/* The spec of a Job, for the runs of the CronJob and for the first run. */}}
{{- define "ecr-pull-secrets.jobSpec" -}}
activeDeadlineSeconds: {{ include "ecr-pull-secrets.integer" .Values.cronjob.activeDeadlineSeconds }}
backoffLimit: {{ include "ecr-pull-secrets.integer" .Values.cronjob.backoffLimit }}
template:
  metadata:
    labels:
      {{- include "ecr-pull-secrets.podLabels" (list . "-cronjob") | nindent 6 }}
    {{- with include "ecr-pull-secrets.annotations" (list . .Values.podAnnotations) }}
    annotations:
      {{- . | nindent 6 }}
    {{- end }}
  spec:
    serviceAccountName: {{ include "ecr-pull-secrets.serviceAccountName" . | toYaml }}
    restartPolicy: Never
    terminationGracePeriodSeconds: {{ include "ecr-pull-secrets.integer" .Values.cronjob.terminationGracePeriodSeconds }}
    {{- include "ecr-pull-secrets.podSettings" . | nindent 4 }}
    {{- with .Values.extraInitContainers }}
    initContainers:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    containers:
      # The name in the old chart, by which people search logs.
      - name: k8s-ecr-login-renew
        {{- include "ecr-pull-secrets.container" (list . "renewer" "renew-once" (include "ecr-pull-secrets.renewalEnv" .)) | nindent 8 }}
        volumeMounts:
          {{- include "ecr-pull-secrets.renewalMounts" . | nindent 10 }}
    volumes:
      {{- include "ecr-pull-secrets.renewalVolumes" . | nindent 6 }}
{{- end -}}
