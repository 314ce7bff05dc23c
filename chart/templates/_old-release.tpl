{{/*
Whether this release was one of k8s-ecr-login-renew: "true" or empty. A release keeps its name for ever, so what
follows from it never changes by itself; a chart must not look into the cluster, or GitOps tools render another one.
*/}}
{{- define "ecr-pull-secrets.isOldRelease" -}}
{{- if contains "k8s-ecr-login-renew" .Release.Name -}}true{{- end -}}
{{- end -}}

{{/* The name of the pull secret. Workloads name the old one themselves, so an old release keeps it. */}}
{{- define "ecr-pull-secrets.dockerSecretName" -}}
{{- $name := "ecr-pull-secret" -}}
{{- if include "ecr-pull-secrets.isOldRelease" . -}}{{- $name = "k8s-ecr-login-renew-docker-secret" -}}{{- end -}}
{{- .Values.dockerSecretName | default $name -}}
{{- end -}}

{{/* Namespaces by name: where not set none, or the old chart's default; an empty text is none in any case. */}}
{{- define "ecr-pull-secrets.targetNamespace" -}}
{{- $target := .Values.targetNamespace -}}
{{- if and (kindIs "invalid" $target) (include "ecr-pull-secrets.isOldRelease" .) -}}{{- $target = "default" -}}{{- end -}}
{{- include "ecr-pull-secrets.namespacePattern" (list "targetNamespace" $target) -}}
{{- end -}}

{{- define "ecr-pull-secrets.excludeNamespace" -}}
{{- include "ecr-pull-secrets.namespacePattern" (list "excludeNamespace" .Values.excludeNamespace) -}}
{{- end -}}

{{/* A list of namespaces, checked here: to find out at the next renewal would be too late. */}}
{{- define "ecr-pull-secrets.namespacePattern" -}}
{{- $value := index . 1 | default "" -}}
{{- if not (regexMatch "^[a-z0-9*?,; \\t\\r\\n-]*$" $value) -}}
{{- fail (printf "%s=%s: names have only a-z, 0-9 and \"-\", besides the wildcards \"*\" and \"?\"; k8s-ecr-login-renew took regular expressions, which are to be written out as a list" (index . 0) $value) -}}
{{- end -}}
{{- $value -}}
{{- end -}}

{{/*
The name of an object, by its key in `names`: as told, or the old chart's default, or the full name. That of the role
and of its binding change together or not at all, because a binding cannot change its role.
*/}}
{{- define "ecr-pull-secrets.objectName" -}}
{{- $root := index . 0 -}}
{{- $key := index . 1 -}}
{{- $old := dict "cronJob" "cron" "serviceAccount" "account" "clusterRole" "role" "clusterRoleBinding" "binding" -}}
{{- $default := include "ecr-pull-secrets.fullname" $root -}}
{{- if include "ecr-pull-secrets.isOldRelease" $root -}}{{- $default = printf "k8s-ecr-login-renew-%s" (get $old $key) -}}{{- end -}}
{{- $names := $root.Values.names | default dict -}}
{{- $given := get $names $key -}}
{{- /* The charts 1.0.0 to 1.0.4 spell it so. The right spelling wins, unless it is the profile's. */ -}}
{{- if and (eq $key "serviceAccount") (has ($given | default "") (list "" "k8s-ecr-login-renew-account")) -}}
{{- $given = $names.serviceAcount | default $given -}}
{{- end -}}
{{- $given | default $default -}}
{{- end -}}

{{/*
Puts the CronJob's values, which the charts 1.0.0 to 1.0.2 of k8s-ecr-login-renew had at the top, where the later ones
have them. The schedule that 1.0.0 and 1.0.1 had by default does not count: it ran each minute of every sixth hour, by
mistake.
*/}}
{{- define "ecr-pull-secrets.takeFirstValues" -}}
{{- $cronjob := .Values.cronjob | default dict -}}
{{- range $key := list "schedule" "successfulJobsHistoryLimit" "failedJobsHistoryLimit" "startingDeadlineSeconds" "terminationGracePeriodSeconds" -}}
{{- $value := index $.Values $key -}}
{{- if not (or (kindIs "invalid" $value) (eq (toString $value) "" "* */6 * * *")) -}}{{- $_ := set $cronjob $key $value -}}{{- end -}}
{{- end -}}
{{- end -}}

{{/* The image of a run. Values of the old chart may name the old image, which is what is to be replaced. */}}
{{- define "ecr-pull-secrets.cronJobImage" -}}
{{- $image := .Values.cronjob.dockerImage | default "" -}}
{{- if and $image (not (regexMatch "(^|/)k8s-ecr-login-renew([:@]|$)" $image)) -}}
{{- $image -}}
{{- else -}}
{{- include "ecr-pull-secrets.image" . -}}
{{- end -}}
{{- end -}}

{{/*
Whether a CronJob takes the place of all else: "true" or empty. Templates ask this before anything else, so that values
without ours end here, and not at some nil pointer.
*/}}
{{- define "ecr-pull-secrets.isCronJob" -}}
{{- if not (hasKey .Values "injection") -}}
{{- fail "these are the values of another chart, as --reuse-values brings them: use --reset-then-reuse-values, or --values with a file" -}}
{{- end -}}
{{- include "ecr-pull-secrets.takeFirstValues" . -}}
{{- include "ecr-pull-secrets.checkValues" . -}}
{{- if (.Values.cronjob).enabled -}}true{{- end -}}
{{- end -}}
