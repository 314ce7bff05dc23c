{{- define "ecr-pull-secrets.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/* Short enough for the suffixes of our Secrets, and for the 63 characters of a Service. */}}
{{- define "ecr-pull-secrets.fullname" -}}
{{- $name := include "ecr-pull-secrets.name" . -}}
{{- $default := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- .Values.fullnameOverride | default $default | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{/*
The labels by which pods are selected, from the root and a suffix of the name: the pods of the CronJob and of the test have
one, or the Service would select them. toYaml quotes what YAML would read as another type, such as a release named 123.
*/}}
{{- define "ecr-pull-secrets.selectorLabelsOf" -}}
app.kubernetes.io/name: {{ printf "%s%s" (include "ecr-pull-secrets.name" (index . 0)) (index . 1) | toYaml }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name | toYaml }}
{{- end -}}

{{- define "ecr-pull-secrets.selectorLabels" -}}{{- include "ecr-pull-secrets.selectorLabelsOf" (list . "") -}}{{- end -}}

{{- define "ecr-pull-secrets.labelsOf" -}}
{{- $root := index . 0 -}}
{{ include "ecr-pull-secrets.selectorLabelsOf" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
{{- if ne (toString $root.Values.forHelm) "false" }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end }}
{{- range $key, $value := $root.Values.commonLabels }}
{{- /* A key must be unique, and the Service selects its pods by ours. */}}
{{- if not (or (kindIs "invalid" $value) (regexMatch "^(app\\.kubernetes\\.io/(name|instance|version|managed-by)|helm\\.sh/chart)$" $key)) }}
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

{{/* A whole number, which Helm may have as a float; nothing for a null or "", so that the default of the API server applies. */}}
{{- define "ecr-pull-secrets.integer" -}}
{{- if not (or (kindIs "invalid" .) (eq (toString .) "")) -}}{{- int64 . -}}{{- end -}}
{{- end -}}

{{/* A list, or a string separated by commas, as a string separated by commas. */}}
{{- define "ecr-pull-secrets.commaList" -}}
{{- if kindIs "slice" . -}}{{- join "," . -}}{{- else -}}{{- . | default "" -}}{{- end -}}
{{- end -}}

{{/* The mode; none if there is no webhook. */}}
{{- define "ecr-pull-secrets.tlsMode" -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
{{- $bundle := .Values.tls.additionalCaBundle | default "" -}}
{{- if and $bundle (eq .Values.tls.mode "cert-manager") -}}
{{- fail "tls.additionalCaBundle has no effect with tls.mode=cert-manager, whose CA injector sets caBundle: remove it" -}}
{{- else if contains "PRIVATE KEY" $bundle -}}
{{- fail "tls.additionalCaBundle contains a private key, and everybody can read it: use certificates only" -}}
{{- end -}}
{{- .Values.tls.mode -}}
{{- else -}}
none
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
