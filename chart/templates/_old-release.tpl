{{/*
This file contains all that is for releases and values of the chart k8s-ecr-login-renew: "helm upgrade" of such a release
with its own values must go on working. No other template depends on the name of the release.
*/}}

{{/*
Whether this release was one of k8s-ecr-login-renew: "true" or empty. The name of a release never changes, so the
result is stable; a lookup in the cluster would not be, and GitOps tools would render a different result.
*/}}
{{- define "ecr-pull-secrets.isOldRelease" -}}
{{- if contains "k8s-ecr-login-renew" .Release.Name -}}true{{- end -}}
{{- end -}}

{{/* The default of a value or of a name, from the root, its key, and the default of other releases. Workloads reference the old ones. */}}
{{- define "ecr-pull-secrets.default" -}}
{{- $old := dict "dockerSecretName" "docker-secret" "awsSecretName" "aws-secret" "cronJob" "cron" "serviceAccount" "account" "clusterRole" "role" "clusterRoleBinding" "binding" -}}
{{- if include "ecr-pull-secrets.isOldRelease" (index . 0) -}}k8s-ecr-login-renew-{{ get $old (index . 1) }}{{- else -}}{{- index . 2 -}}{{- end -}}
{{- end -}}

{{/* The name of the pull secret. */}}
{{- define "ecr-pull-secrets.dockerSecretName" -}}
{{- .Values.dockerSecretName | default (include "ecr-pull-secrets.default" (list . "dockerSecretName" "ecr-pull-secret")) -}}
{{- end -}}

{{/* The name of the Secret with AWS keys; empty if there is none. */}}
{{- define "ecr-pull-secrets.awsSecretName" -}}
{{- if and .Values.aws (ne (toString .Values.aws.enabled) "false") -}}
{{- $name := ternary (printf "%s-aws" (include "ecr-pull-secrets.fullname" .)) "" (not (empty .Values.awsAccessKeyId)) -}}
{{- .Values.aws.secretName | default (include "ecr-pull-secrets.default" (list . "awsSecretName" $name)) -}}
{{- end -}}
{{- end -}}

{{/* targetNamespace. The default is empty, or that of the old chart for an old release; an empty string is always empty. */}}
{{- define "ecr-pull-secrets.targetNamespace" -}}
{{- $target := .Values.targetNamespace -}}
{{- if and (kindIs "invalid" $target) (include "ecr-pull-secrets.isOldRelease" .) -}}{{- $target = "default" -}}{{- end -}}
{{- include "ecr-pull-secrets.namespacePattern" (list "targetNamespace" $target) -}}
{{- end -}}

{{- define "ecr-pull-secrets.excludeNamespace" -}}
{{- include "ecr-pull-secrets.namespacePattern" (list "excludeNamespace" .Values.excludeNamespace) -}}
{{- end -}}

{{/* A list of namespaces, validated here, because an error at the next renewal would be too late. */}}
{{- define "ecr-pull-secrets.namespacePattern" -}}
{{- $value := include "ecr-pull-secrets.commaList" (index . 1) -}}
{{- if not (regexMatch "^[a-z0-9*?,; \\t\\r\\n-]*$" $value) -}}
{{- fail (printf "%s=%s: names have only a-z, 0-9 and \"-\", besides the wildcards \"*\" and \"?\"; replace a regular expression of k8s-ecr-login-renew by a list of names" (index . 0) $value) -}}
{{- end -}}
{{- $value -}}
{{- end -}}

{{/*
The name of an object, by its key in `names`: that value, or its default, which is the full name. The names of
the role and of its binding change together or not at all, because the role of a binding is immutable.
*/}}
{{- define "ecr-pull-secrets.objectName" -}}
{{- $root := index . 0 -}}
{{- $key := index . 1 -}}
{{- $names := $root.Values.names | default dict -}}
{{- $name := get $names $key -}}
{{- /* The charts 1.0.0 to 1.0.4 have this spelling. The correct one wins, unless its value comes from the profile. */ -}}
{{- if and (eq $key "serviceAccount") (has ($name | default "") (list "" "k8s-ecr-login-renew-account")) -}}
{{- $name = $names.serviceAcount | default $name -}}
{{- end -}}
{{- $name | default (include "ecr-pull-secrets.default" (list $root $key (include "ecr-pull-secrets.fullname" $root))) -}}
{{- end -}}

{{/*
Moves the values of the CronJob, which are at the top level in the charts 1.0.0 to 1.0.2 of k8s-ecr-login-renew, to where
the later charts have them. The default schedule of 1.0.0 and 1.0.1 is ignored: it ran every minute of every sixth hour,
by mistake.
*/}}
{{- define "ecr-pull-secrets.takeFirstValues" -}}
{{- $cronjob := .Values.cronjob | default dict -}}
{{- range $key := list "schedule" "successfulJobsHistoryLimit" "failedJobsHistoryLimit" "startingDeadlineSeconds" "terminationGracePeriodSeconds" -}}
{{- $value := index $.Values $key -}}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "" "* */6 * * *")) -}}{{- $_ := set $cronjob $key $value -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The image of a run. Values of the old chart may contain the old image, which we replace. */}}
{{- define "ecr-pull-secrets.cronJobImage" -}}
{{- $image := .Values.cronjob.dockerImage | default "" -}}
{{- if and $image (not (regexMatch "(^|/)k8s-ecr-login-renew([:@]|$)" $image)) -}}
{{- $image -}}
{{- else -}}
{{- include "ecr-pull-secrets.image" . -}}
{{- end -}}
{{- end -}}

{{/*
Whether a CronJob is installed instead of everything else: "true" or empty. Templates call this first, so that the values
of another chart fail here with a helpful message, and not with a nil pointer.
*/}}
{{- define "ecr-pull-secrets.isCronJob" -}}
{{- if not (hasKey .Values "injection") -}}
{{- fail "--reuse-values has reused the values of another chart: use --reset-then-reuse-values, or --values with a file" -}}
{{- end -}}
{{- include "ecr-pull-secrets.takeFirstValues" . -}}
{{- include "ecr-pull-secrets.checkValues" . -}}
{{- if (.Values.cronjob).enabled -}}true{{- end -}}
{{- end -}}

{{/* Notes for a release that was migrated from k8s-ecr-login-renew. */}}
{{- define "ecr-pull-secrets.oldReleaseNotes" -}}
{{- if include "ecr-pull-secrets.isOldRelease" . }}

This was a release of k8s-ecr-login-renew, whose defaults it keeps: the pull secret is named
{{ include "ecr-pull-secrets.dockerSecretName" . }}{{ with include "ecr-pull-secrets.targetNamespace" . }}, and the namespaces {{ . | quote }} get it without a label too{{ end }}.
The values of cronjob have no effect unless cronjob.enabled is set.
{{- end }}
{{- end -}}
