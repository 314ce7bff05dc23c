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
activeDeadlineSeconds: {{ int64 .Values.cronjob.activeDeadlineSeconds }}
backoffLimit: {{ int64 .Values.cronjob.backoffLimit }}
template:
  metadata:
    labels:
      {{- include "ecr-pull-secrets.podLabels" (list . "ecr-pull-secrets.cronJobLabels") | nindent 6 }}
    {{- with include "ecr-pull-secrets.annotations" (list . .Values.podAnnotations) }}
    annotations:
      {{- . | nindent 6 }}
    {{- end }}
  spec:
    serviceAccountName: {{ include "ecr-pull-secrets.serviceAccountName" . | toYaml }}
    automountServiceAccountToken: false
    restartPolicy: Never
    terminationGracePeriodSeconds: {{ int64 .Values.cronjob.terminationGracePeriodSeconds }}
    enableServiceLinks: false
    {{- include "ecr-pull-secrets.podSettings" . | nindent 4 }}
    {{- with .Values.extraInitContainers }}
    initContainers:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    containers:
      # The name in the old chart, by which people search logs.
      - name: k8s-ecr-login-renew
        image: {{ include "ecr-pull-secrets.cronJobImage" . | quote }}
        imagePullPolicy: {{ .Values.image.pullPolicy }}
        args: [renew-once]
        {{- with include "ecr-pull-secrets.withoutEmpty" .Values.securityContext | fromJson }}
        securityContext:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        env:
          {{- include "ecr-pull-secrets.env" (list . "renewer" (include "ecr-pull-secrets.cronJobEnv" .)) | nindent 10 }}
        {{- with .Values.renewer.extraEnvFrom }}
        envFrom:
          {{- toYaml . | nindent 10 }}
        {{- end }}
        resources:
          {{- include "ecr-pull-secrets.withoutEmpty" .Values.renewer.resources | fromJson | toYaml | nindent 10 }}
        volumeMounts:
          {{- if kindIs "slice" .Values.registries }}
          - name: config
            mountPath: /etc/ecr-pull-secrets
            readOnly: true
          {{- end }}
          - name: service-account
            mountPath: /var/run/secrets/kubernetes.io/serviceaccount
            readOnly: true
          {{- with include "ecr-pull-secrets.extraCaCertsMount" . }}
          {{- . | nindent 10 }}
          {{- end }}
          {{- with .Values.renewer.extraVolumeMounts }}
          {{- toYaml . | nindent 10 }}
          {{- end }}
    volumes:
      {{- if kindIs "slice" .Values.registries }}
      - name: config
        configMap:
          name: {{ include "ecr-pull-secrets.fullname" . | toYaml }}
      {{- end }}
      - {{ include "ecr-pull-secrets.renewerIdentityVolume" . | nindent 8 | trim }}
      {{- with include "ecr-pull-secrets.extraCaCertsVolume" . }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with .Values.extraVolumes }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
{{- end -}}
