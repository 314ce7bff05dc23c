{{/*
The environment of a container, by its key in the values: our variables, and those of its extraEnv, which override ours,
because a variable must be unique; only NODE_OPTIONS, if we set it, contains both (_memory.tpl). Our empty variables are
omitted: they have no effect, and the API server drops `value: ""`, so Helm would own a different field than kubectl, which
is a conflict after a change from deploy.yaml. Our variables are passed as text, which preserves their form and their
comments.
*/}}
{{- define "ecr-pull-secrets.env" -}}
{{- $extraEnv := (get (index . 0).Values (index . 1)).extraEnv -}}
{{- $names := list -}}
{{- $lines := list -}}
{{- range $extraEnv -}}{{- $names = append $names .name -}}{{- end -}}
{{- $isJoined := contains "- name: NODE_OPTIONS" (index . 2) -}}
{{- $added := ternary (without $names "NODE_OPTIONS") $names $isJoined -}}
{{- range regexSplit "(?m)^- name: " (index . 2) -1 -}}
{{- $variable := trim . -}}
{{- $name := regexFind "^\\S+" $variable -}}
{{- $isEmpty := regexMatch "^\\S+\\s+value: \"\"(\\s|$)" $variable -}}
{{- if not (or (empty $name) (has $name $added) $isEmpty) -}}
{{- $lines = append $lines (printf "- name: %s" $variable) -}}
{{- end -}}
{{- end -}}
{{- range $extraEnv -}}
{{- if not (and $isJoined (eq .name "NODE_OPTIONS")) -}}
{{- $variable := ternary (omit . "value") . (eq (get . "value") "") -}}
{{- $lines = append $lines (list $variable | toYaml) -}}
{{- end -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}

{{- define "ecr-pull-secrets.webhookEnv" -}}
- name: PORT
  value: {{ .Values.webhook.port | quote }}
- name: OPS_PORT
  value: {{ .Values.webhook.opsPort | quote }}
- name: TLS_DIR
  value: /run/ecr-pull-secrets/tls
- name: SERVER_NAME
  value: {{ printf "%s.%s.svc" (include "ecr-pull-secrets.fullname" .) (include "ecr-pull-secrets.namespace" .) }}
{{- with include "ecr-pull-secrets.factsEnv" . }}
{{ . }}
{{- end }}
- name: DOCKER_SECRET_NAME
  value: {{ include "ecr-pull-secrets.dockerSecretName" . | quote }}
- name: REGISTRY_HOSTS
  value: {{ include "ecr-pull-secrets.registryHosts" . | quote }}
- name: INJECT_ALL
  value: {{ .Values.injection.injectAll | quote }}
- name: DRAIN_SECONDS
  value: {{ .Values.webhook.drainSeconds | quote }}
{{ include "ecr-pull-secrets.logEnv" . }}
{{ include "ecr-pull-secrets.heapEnv" (dict "container" "webhook" "values" .Values) }}
{{- end -}}

{{- define "ecr-pull-secrets.renewerEnv" -}}
- name: TLS_MODE
  value: {{ include "ecr-pull-secrets.tlsMode" . }}
- name: OPS_PORT
  value: {{ .Values.renewer.opsPort | quote }}
{{- if include "ecr-pull-secrets.hasWebhook" . }}
- name: TLS_DIR
  value: /run/ecr-pull-secrets/tls
- name: WEBHOOK_NAME
  value: {{ include "ecr-pull-secrets.fullname" . | quote }}
{{- end }}
{{- with include "ecr-pull-secrets.factsEnv" . }}
{{ . }}
{{- end }}
# The defaults of atomic fields are explicit, because a change to server-side apply would conflict otherwise.
- name: POD_NAME
  valueFrom:
    fieldRef:
      apiVersion: v1
      fieldPath: metadata.name
- name: SERVICE_NAME
  value: {{ include "ecr-pull-secrets.fullname" . | quote }}
- name: NAMESPACE_SELECTOR
  value: {{ include "ecr-pull-secrets.selectorText" . | quote }}
- name: CANARY
  value: {{ if .Values.canary }}"on"{{ else }}"off"{{ end }}
- name: DEPLOYMENT_EVENTS
  value: {{ if .Values.deploymentEvents }}"on"{{ else }}"off"{{ end }}
{{ include "ecr-pull-secrets.logEnv" . }}
{{ include "ecr-pull-secrets.renewalEnv" . }}
{{- end -}}

{{/* If the certificate comes from an external Secret, whose folder is read-only, facts.json has a folder of its own. */}}
{{- define "ecr-pull-secrets.factsEnv" -}}
{{- if include "ecr-pull-secrets.tlsSecretName" . -}}
- name: FACTS_DIR
  value: /run/ecr-pull-secrets/facts
{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.logEnv" -}}
- name: LOG_LEVEL
  value: {{ .Values.log.level | quote }}
- name: LOG_FORMAT
  value: {{ .Values.log.format | quote }}
{{- end -}}
