{{/* The keys of the Secret, with their defaults, because Helm removes a key that is null. */}}
{{- define "ecr-pull-secrets.awsSecretKeys" -}}
{{- toYaml (merge (dict) (.Values.aws.secretKeys | default dict) (dict "accessKeyId" "AWS_ACCESS_KEY_ID" "secretAccessKey" "AWS_SECRET_ACCESS_KEY")) -}}
{{- end -}}

{{/* The environment of the renewer and of a run: the secret, its namespaces, and the AWS credentials. */}}
{{- define "ecr-pull-secrets.renewalEnv" -}}
{{- include "ecr-pull-secrets.checkRegistries" . -}}
- name: DOCKER_SECRET_NAME
  value: {{ include "ecr-pull-secrets.dockerSecretName" . | quote }}
- name: TARGET_NAMESPACE
  value: {{ include "ecr-pull-secrets.targetNamespace" . | quote }}
- name: EXCLUDE_NAMESPACE
  value: {{ include "ecr-pull-secrets.excludeNamespace" . | quote }}
- name: FOREIGN_SECRETS
  value: {{ .Values.foreignSecrets }}
{{- if not (kindIs "slice" .Values.registries) }}
- name: DOCKER_REGISTRIES
  value: {{ .Values.registries | default "" | quote }}
{{- end }}
{{- $secret := include "ecr-pull-secrets.awsSecretName" . }}
{{- $keys := dict }}
{{- if $secret }}
{{- $keys = include "ecr-pull-secrets.awsSecretKeys" . | fromYaml }}
{{- end }}
{{- $regionKey := "" }}
{{- if and $secret (not .Values.awsRegion) (not .Values.awsAccessKeyId) }}
{{- $regionKey = $keys.region | default "" }}
{{- end }}
{{- $isAdded := false }}
{{- $hasKeys := false }}
{{- range .Values.renewer.extraEnv }}
{{- if eq .name "AWS_REGION" }}{{ $isAdded = true }}{{ end }}
{{- if has .name (list "AWS_ACCESS_KEY_ID" "AWS_ACCESS_KEY") }}{{ $hasKeys = true }}{{ end }}
{{- end }}
{{- if not (or $isAdded (and .Values.renewer.extraEnvFrom (not .Values.awsRegion) (not $regionKey))) }}
- name: AWS_REGION
  {{- if $regionKey }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret | toYaml }}
      key: {{ $regionKey | toYaml }}
  {{- else }}
  value: {{ required "awsRegion is required: set the region of your registry, for example --set awsRegion=us-east-1" .Values.awsRegion | quote }}
  {{- end }}
{{- end }}
{{- $role := include "ecr-pull-secrets.webIdentityRole" . }}
{{- if and $role (or $hasKeys (and $secret (or .Values.awsAccessKeyId (not $keys.region)))) }}
{{- fail "aws.webIdentity.roleArn is set, and AWS keys too (awsAccessKeyId, aws.secretName or renewer.extraEnv), but there can only be one identity: remove one of them" }}
{{- else if $role }}
- name: AWS_ROLE_ARN
  value: {{ $role | quote }}
- name: AWS_WEB_IDENTITY_TOKEN_FILE
  value: /var/run/secrets/kubernetes.io/serviceaccount/aws-token
{{- else if $secret }}
{{- range $name, $key := dict "AWS_ACCESS_KEY_ID" $keys.accessKeyId "AWS_SECRET_ACCESS_KEY" $keys.secretAccessKey }}
- name: {{ $name | toYaml }}
  valueFrom:
    secretKeyRef:
      name: {{ $secret | toYaml }}
      key: {{ $key | toYaml }}
      {{- if $regionKey }}
      # The pod waits for the Secret because of the region; with an AWS identity without keys the Secret has no keys.
      optional: true
      {{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* The role of a web identity outside EKS; empty if there is none. */}}
{{- define "ecr-pull-secrets.webIdentityRole" -}}
{{- with ((.Values.aws).webIdentity).roleArn -}}
{{- include "ecr-pull-secrets.roleArn" (list $ "aws.webIdentity.roleArn" .) -}}
{{- end -}}
{{- end -}}
