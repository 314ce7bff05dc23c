{{/*
Values that must not be null. The schema cannot require them: Helm removes a key that is null, and values without these
keys come from an older chart by --reuse-values, which needs a more helpful message.
*/}}
{{- define "ecr-pull-secrets.checkValues" -}}
{{- $needed := list "optOut" "foreignSecrets" "routineWritesPerSecond" "tls" "updateStrategy" "image" "webhook" "renewer" "proxy" "extraCaCerts" "service" "log" "podDisruptionBudget" "networkPolicy" "podMonitor" "serviceMonitor" "prometheusRule" "grafanaDashboard" "helmTest" "fence" "optInPolicy" "serviceAccount" "rbac" -}}
{{- range $needed -}}
{{- if kindIs "invalid" (index $.Values .) -}}
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
{{- include "ecr-pull-secrets.checkPorts" . -}}
{{- end -}}

{{/* The containers of a pod share its ports, with hostNetwork those of the node. Without a webhook its ports are not used. */}}
{{- define "ecr-pull-secrets.checkPorts" -}}
{{- $ports := list (list "renewer.opsPort" .Values.renewer.opsPort) -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}
{{- $ports = concat (list (list "webhook.port" .Values.webhook.port) (list "webhook.opsPort" .Values.webhook.opsPort)) $ports -}}
{{- end -}}
{{- $taken := dict -}}
{{- range $ports -}}
{{- $name := index . 0 -}}
{{- $port := toString (index . 1) -}}
{{- with get $taken $port -}}
{{- fail (printf "%s and %s are both %s, but the containers of a pod share its ports: change one of them" . $name $port) -}}
{{- end -}}
{{- $_ := set $taken $port $name -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- $ofTheNode := dict "10248" "kubelet" "10250" "kubelet" "10256" "kube-proxy" -}}
{{- range $port, $owner := $ofTheNode -}}
{{- with get $taken $port -}}
{{- fail (printf "hostNetwork=true: %s=%s is in use by %s on each node; set another port, for example %s=10260, and open it in the nodes' firewall" . $port $owner .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
