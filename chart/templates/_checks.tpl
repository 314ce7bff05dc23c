{{/*
Values that must not be null. The schema cannot require them: Helm removes a key that is null, and values without these
keys come from an older chart by --reuse-values, which needs a more helpful message.
*/}}
{{- define "ecr-pull-secrets.checkValues" -}}
{{- $needed := list
  "optOut" "foreignSecrets" "routineWritesPerSecond" "updateStrategy" "proxy" "injection.mode" "injection.check"
  "injection.failurePolicy" "injection.timeoutSeconds" "injection.injectAll" "injection.objectSelector" "tls.mode"
  "tls.selfManaged.caLifetime" "tls.selfManaged.servingLifetime" "tls.selfManaged.trustPropagation"
  "tls.certManager.duration" "image.pullPolicy" "webhook.port" "webhook.opsPort" "webhook.drainSeconds"
  "renewer.opsPort" "extraCaCerts.key" "service.port" "log.level" "log.format" "podDisruptionBudget.enabled"
  "networkPolicy.enabled" "networkPolicy.egressPorts" "podMonitor.enabled" "serviceMonitor.enabled"
  "prometheusRule.enabled" "grafanaDashboard.enabled" "helmTest.enabled" "helmTest.withinSeconds"
  "serviceAccount.create" "rbac.create" "rbac.namespaced" "fence.enabled" "optInPolicy.enabled" -}}
{{- range $needed -}}
{{- $value := $.Values -}}
{{- range splitList "." . -}}{{- $value = get ($value | default dict) . -}}{{- end -}}
{{- if or (kindIs "invalid" $value) (eq (toString $value) "") -}}
{{- fail (printf "%s must not be null. If you did not set it, --reuse-values has reused the values of an older chart; use --reset-then-reuse-values" .) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.awsAccessKeyId (not (include "ecr-pull-secrets.awsSecretName" .)) -}}
{{- fail "awsAccessKeyId is set and aws.enabled is false, so the key would not be used: set aws.enabled=true, or remove awsAccessKeyId and awsSecretAccessKey" -}}
{{- end -}}
{{- end -}}

{{/* Checks of several values together, which would otherwise fail during the installation, or later. Rendered once. */}}
{{- define "ecr-pull-secrets.checkDeployment" -}}
{{- $name := include "ecr-pull-secrets.fullname" . -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the full name %q is not valid for a Service, whose name begins with a letter and has no dots; set fullnameOverride, for example fullnameOverride=ecr-pull-secrets" $name) -}}
{{- end -}}
{{- $secret := include "ecr-pull-secrets.dockerSecretName" . -}}
{{- if has $secret (list (printf "%s-ca" $name) (printf "%s-tokens" $name)) -}}
{{- fail (printf "dockerSecretName=%s is the name of a Secret of the renewer itself; choose another name, for example dockerSecretName=ecr-pull-secret" $secret) -}}
{{- end -}}
{{- if and .Values.hostNetwork (include "ecr-pull-secrets.hasWebhook" .) (eq (int .Values.webhook.port) 10250) -}}
{{- fail "hostNetwork=true: webhook.port=10250 is in use by the kubelet on each node; set another port, for example webhook.port=10260, and open it in the nodes' firewall" -}}
{{- end -}}
{{- end -}}
