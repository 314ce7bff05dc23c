{{/*
What cannot be without a value. The schema does not see it: Helm takes a key away that is null, and a root without keys
is what --reuse-values brings of another chart, of which there is more to say.
*/}}
{{- define "ecr-pull-secrets.checkValues" -}}
{{- $needed := list "namespaceSelector" "optOut" "foreignSecrets" "routineWritesPerSecond" "tls" "replicaCount" "updateStrategy" "image" "webhook" "renewer" "proxy" "extraCaCerts" "service" "log" "podDisruptionBudget" "networkPolicy" "podMonitor" "serviceMonitor" "prometheusRule" "grafanaDashboard" "helmTest" "fence" "optInPolicy" "serviceAccount" "rbac" -}}
{{- range $needed -}}
{{- if kindIs "invalid" (index $.Values .) -}}
{{- fail (printf "%s must not be null. If it is not in your values: they are those of an older chart, as --reuse-values brings them; use --reset-then-reuse-values" .) -}}
{{- end -}}
{{- end -}}
{{- if and (kindIs "invalid" .Values.aws) .Values.awsAccessKeyId -}}
{{- fail "awsAccessKeyId is set and aws is null, so nobody would get the key: leave aws out of your values, or take awsAccessKeyId and awsSecretAccessKey away" -}}
{{- end -}}
{{- end -}}

{{/* What fits no single value, and would fail in the middle of an install, or later. Rendered once. */}}
{{- define "ecr-pull-secrets.checkDeployment" -}}
{{- $name := include "ecr-pull-secrets.fullname" . -}}
{{- if not (regexMatch "^[a-z]([a-z0-9-]*[a-z0-9])?$" $name) -}}
{{- fail (printf "the full name %q cannot be that of a Service, which begins with a letter and has no dots; set fullnameOverride, for example fullnameOverride=ecr-pull-secrets" $name) -}}
{{- end -}}
{{- $secret := include "ecr-pull-secrets.dockerSecretName" . -}}
{{- if has $secret (list (printf "%s-ca" $name) (printf "%s-tokens" $name)) -}}
{{- fail (printf "dockerSecretName=%s is the name of a Secret that the renewer keeps for itself; choose another, for example dockerSecretName=ecr-pull-secret" $secret) -}}
{{- end -}}
{{- include "ecr-pull-secrets.checkPorts" . -}}
{{- end -}}

{{/* All containers of a pod share one network, with hostNetwork the node's. Without a webhook there is no container with its ports. */}}
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
{{- fail (printf "%s and %s are both %s, and containers of one pod share its ports: set another one" . $name $port) -}}
{{- end -}}
{{- $_ := set $taken $port $name -}}
{{- end -}}
{{- if .Values.hostNetwork -}}
{{- $ofTheNode := dict "10248" "kubelet" "10250" "kubelet" "10256" "kube-proxy" -}}
{{- range $port, $owner := $ofTheNode -}}
{{- with get $taken $port -}}
{{- fail (printf "hostNetwork=true: %s=%s is %s's on each node; set another one, for example %s=10260, and open it in the nodes' firewall" . $port $owner .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
