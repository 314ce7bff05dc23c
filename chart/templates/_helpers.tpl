{{- define "ecr-pull-secrets.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for the suffixes of our Secrets, and for the 63 characters of a Service. */}}
{{- define "ecr-pull-secrets.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "ecr-pull-secrets.name" . -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A label is a string, and toYaml quotes values that YAML would read as another type, such as a release named 123. */}}
{{- define "ecr-pull-secrets.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ecr-pull-secrets.name" . | toYaml }}
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end -}}

{{- define "ecr-pull-secrets.labels" -}}
{{ include "ecr-pull-secrets.selectorLabels" . }}
{{ include "ecr-pull-secrets.versionLabels" . }}
{{- end -}}

{{/* Labels of the CronJob's pods. They differ from the Deployment's, or its Service would select these pods. */}}
{{- define "ecr-pull-secrets.cronJobSelectorLabels" -}}
app.kubernetes.io/name: {{ include "ecr-pull-secrets.name" . }}-cronjob
app.kubernetes.io/instance: {{ .Release.Name | toYaml }}
{{- end -}}

{{- define "ecr-pull-secrets.cronJobLabels" -}}
{{ include "ecr-pull-secrets.cronJobSelectorLabels" . }}
{{ include "ecr-pull-secrets.versionLabels" . }}
{{- end -}}

{{- define "ecr-pull-secrets.versionLabels" -}}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- if ne (toString .Values.forHelm) "false" }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}
{{- range $key, $value := .Values.commonLabels }}
{{- /* A key must be unique, and the Service selects its pods by ours. */}}
{{- if not (regexMatch "^(app\\.kubernetes\\.io/(name|instance|version|managed-by|component)|helm\\.sh/chart)$" $key) }}
{{ $key }}: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "ecr-pull-secrets.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if or .Values.serviceAccount.create (.Values.names).serviceAccount (.Values.names).serviceAcount -}}
{{- include "ecr-pull-secrets.objectName" (list . "serviceAccount") -}}
{{- else -}}
{{- fail "serviceAccount.create=false needs serviceAccount.name, the ServiceAccount to use" -}}
{{- end -}}
{{- end -}}

{{/* The name of the Secret with AWS keys; empty if there is none. An old release has the default name of the old chart. */}}
{{- define "ecr-pull-secrets.awsSecretName" -}}
{{- if and .Values.aws (ne (toString .Values.aws.enabled) "false") -}}
{{- if .Values.aws.secretName -}}
{{- .Values.aws.secretName -}}
{{- else if and (include "ecr-pull-secrets.isOldRelease" .) (not (include "ecr-pull-secrets.webIdentityRole" .)) -}}
k8s-ecr-login-renew-aws-secret
{{- else if .Values.awsAccessKeyId -}}
{{- printf "%s-aws" (include "ecr-pull-secrets.fullname" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A list, or a string separated by commas, as a string separated by commas. */}}
{{- define "ecr-pull-secrets.commaList" -}}
{{- if kindIs "slice" . -}}{{- join "," . -}}{{- else -}}{{- . | default "" -}}{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.container" -}}
image: {{ include "ecr-pull-secrets.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with include "ecr-pull-secrets.withoutEmpty" .Values.securityContext | fromJson }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The validated mode; none if there is no webhook. */}}
{{- define "ecr-pull-secrets.tlsMode" -}}
{{- $mode := .Values.tls.mode -}}
{{- if not (has $mode (list "self-managed" "cert-manager" "existing-secret")) -}}
{{- fail (printf "tls.mode=%s is not one of self-managed, cert-manager, existing-secret" $mode) -}}
{{- end -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
{{- include "ecr-pull-secrets.checkAdditionalCaBundle" . -}}
{{- $mode -}}
{{- else -}}
none
{{- end -}}
{{- end -}}

{{/* Rejects what the renewer would reject, and a private key, which would become public in a ConfigMap and in caBundle. */}}
{{- define "ecr-pull-secrets.checkAdditionalCaBundle" -}}
{{- with .Values.tls.additionalCaBundle -}}
{{- if eq $.Values.tls.mode "cert-manager" -}}
{{- fail "tls.additionalCaBundle has no effect with tls.mode=cert-manager, whose CA injector sets caBundle: remove it" -}}
{{- else if contains "PRIVATE KEY" . -}}
{{- fail "tls.additionalCaBundle contains a private key, and everybody can read it: use certificates only" -}}
{{- else if not (contains "-----BEGIN CERTIFICATE-----" .) -}}
{{- fail "tls.additionalCaBundle must contain certificates in PEM; for example --set-file tls.additionalCaBundle=ca.crt" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The name of the Secret with an external certificate; empty in mode self-managed. */}}
{{- define "ecr-pull-secrets.tlsSecretName" -}}
{{- $mode := include "ecr-pull-secrets.tlsMode" . -}}
{{- if eq $mode "cert-manager" -}}
{{- printf "%s-tls" (include "ecr-pull-secrets.fullname" .) -}}
{{- else if eq $mode "existing-secret" -}}
{{- required "tls.mode=existing-secret needs tls.existingSecret, the name of a Secret with tls.crt, tls.key and ca.crt" .Values.tls.existingSecret -}}
{{- end -}}
{{- end -}}
