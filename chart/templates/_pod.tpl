{{/*
The fields that all our pods share. A token is projected into one container only (_container.tpl). Variables that Kubernetes
generates for other Services could collide with ours.
*/}}
{{- define "ecr-pull-secrets.podSettings" -}}
{{- $values := .Values -}}
{{- $settings := dict "automountServiceAccountToken" false "enableServiceLinks" false -}}
{{- with include "ecr-pull-secrets.imagePullSecrets" . | fromJsonArray -}}{{- $_ := set $settings "imagePullSecrets" . -}}{{- end -}}
{{- with $values.tolerations -}}
{{- $_ := set $settings "tolerations" (ternary . (list .) (kindIs "slice" .)) -}}
{{- end -}}
{{- with include "ecr-pull-secrets.merged" (list $values.nodeSelector) | fromYaml -}}{{- $_ := set $settings "nodeSelector" . -}}{{- end -}}
{{- if $values.hostNetwork -}}
{{- $_ := set $settings "hostNetwork" true -}}
{{/* The resolver of the host cannot resolve the names of the cluster. */}}
{{- $_ := set $settings "dnsPolicy" "ClusterFirstWithHostNet" -}}
{{- end -}}
{{- $context := include "ecr-pull-secrets.withoutEmpty" $values.podSecurityContext | fromJson -}}
{{- if ($values.openshift).enabled -}}{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" -}}{{- end -}}
{{- with $context -}}{{- $_ := set $settings "securityContext" . -}}{{- end -}}
{{- range $field := list "affinity" "priorityClassName" "dnsPolicy" "dnsConfig" "hostAliases" "runtimeClassName" "schedulerName" -}}
{{- with get $values $field -}}{{- $_ := set $settings $field . -}}{{- end -}}
{{- end -}}
{{- if and $values.hostNetwork (eq (toString $values.hostUsers) "false") -}}
{{- fail "hostUsers=false is not possible with hostNetwork=true, because a user namespace has a network of its own: change one of them" -}}
{{- end -}}
{{- if kindIs "bool" $values.hostUsers -}}{{- $_ := set $settings "hostUsers" $values.hostUsers -}}{{- end -}}
{{- toYaml $settings -}}
{{- end -}}

{{/* The probes of a container, from the name of its port and its values. There is a startup probe only if its value is set. */}}
{{- define "ecr-pull-secrets.probes" -}}
{{- $port := index . 0 -}}
{{- $probes := dict -}}
{{- range $probe, $path := dict "livenessProbe" "/livez" "readinessProbe" "/readyz" "startupProbe" "/livez" -}}
{{- $settings := get (index $ 1) $probe -}}
{{- if or $settings (ne $probe "startupProbe") -}}
{{- $_ := set $probes $probe (merge (dict "httpGet" (dict "path" $path "port" $port)) ($settings | default dict)) -}}
{{- end -}}
{{- end -}}
{{- toYaml $probes -}}
{{- end -}}

{{/* The labels of pods, from the root and the suffix of their name: ours, and podLabels, which ours override. */}}
{{- define "ecr-pull-secrets.podLabels" -}}
{{- include "ecr-pull-secrets.merged" (list (include "ecr-pull-secrets.labelsOf" . | fromYaml) (index . 0).Values.podLabels) -}}
{{- end -}}

{{/* The annotations of the Deployment's pods. podAnnotations override ours, except the checksums, which replace pods. */}}
{{- define "ecr-pull-secrets.podAnnotations" -}}
{{- $hasWebhook := include "ecr-pull-secrets.hasWebhook" . -}}
{{- $annotations := include "ecr-pull-secrets.annotations" (list . .Values.podAnnotations) | fromYaml -}}
{{- $annotations = merge $annotations (dict "kubectl.kubernetes.io/default-container" (ternary "webhook" "renewer" (not (empty $hasWebhook)))) -}}
{{- if $hasWebhook -}}
{{/* EKS injects an AWS identity into every container of a pod; the webhook needs none, in addition to those in podAnnotations. */}}
{{- $skipped := list "webhook" -}}
{{- range splitList "," (get $annotations "eks.amazonaws.com/skip-containers") -}}
{{- with trim . -}}{{- $skipped = append $skipped . -}}{{- end -}}
{{- end -}}
{{- $_ := set $annotations "eks.amazonaws.com/skip-containers" (join "," (uniq $skipped)) -}}
{{- end -}}
{{/* The configuration is read only at the start, so pods are replaced when it changes. */}}
{{- $_ := set $annotations "checksum/config" (include "ecr-pull-secrets.config" . | sha256sum) -}}
{{- with include "ecr-pull-secrets.awsKeysChecksum" . -}}
{{- $_ := set $annotations "checksum/aws-secret" . -}}
{{- end -}}
{{- toYaml $annotations -}}
{{- end -}}

{{/* The checksum of the AWS keys in the values; empty if there are none. */}}
{{- define "ecr-pull-secrets.awsKeysChecksum" -}}
{{- if .Values.awsAccessKeyId -}}
{{- printf "%s %s" .Values.awsAccessKeyId .Values.awsSecretAccessKey | sha256sum -}}
{{- end -}}
{{- end -}}

{{/*
By default over hosts and zones. A constraint without a labelSelector selects our pods, of the same ReplicaSet only: during
a rollout the old pods would count too, and the new ones could end on one host (matchLabelKeys, on by default since 1.27).
*/}}
{{- define "ecr-pull-secrets.topologySpreadConstraints" -}}
{{- $constraints := list -}}
{{- $selected := dict "labelSelector" (dict "matchLabels" (include "ecr-pull-secrets.selectorLabels" . | fromYaml)) "matchLabelKeys" (list "pod-template-hash") -}}
{{- $custom := .Values.topologySpreadConstraints -}}
{{- if kindIs "invalid" $custom -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" -}}
{{- $constraints = append $constraints (merge (dict "topologyKey" . "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway") $selected) -}}
{{- end -}}
{{- else -}}
{{- range $custom -}}
{{- /* merge would add our labels to theirs. */ -}}
{{- $constraint := . -}}
{{- if kindIs "invalid" .labelSelector -}}{{- $constraint = merge (dict) . $selected -}}{{- end -}}
{{- $constraints = append $constraints $constraint -}}
{{- end -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}

{{/* Recreate has no further fields. The default type is explicit, because each kubectl apply would send a patch otherwise. */}}
{{- define "ecr-pull-secrets.updateStrategy" -}}
{{- if eq (.Values.updateStrategy.type | default "") "Recreate" -}}
type: Recreate
{{- else -}}
{{- toYaml (merge (dict "type" "RollingUpdate") .Values.updateStrategy) -}}
{{- end -}}
{{- end -}}

{{/*
The network settings of the containers that call AWS: a proxy, and CA certificates for the proxy or for a private AWS
endpoint.
*/}}
{{- define "ecr-pull-secrets.networkEnv" -}}
{{- $variables := list -}}
{{- $proxy := .Values.proxy -}}
{{- range $name, $value := dict "HTTPS_PROXY" $proxy.httpsProxy "HTTP_PROXY" $proxy.httpProxy -}}
{{- if $value -}}
{{- $variables = append $variables (dict "name" $name "value" $value) -}}
{{- else if $proxy.existingSecret -}}
{{- $reference := dict "name" $proxy.existingSecret "key" $name "optional" true -}}
{{- $variables = append $variables (dict "name" $name "valueFrom" (dict "secretKeyRef" $reference)) -}}
{{- end -}}
{{- end -}}
{{- if $variables -}}
{{/* The kubelet expands it to the address of the API server, which is reached directly. */}}
{{- $noProxy := prepend (compact (list (include "ecr-pull-secrets.commaList" $proxy.noProxy))) "$(KUBERNETES_SERVICE_HOST)" -}}
{{- $variables = append $variables (dict "name" "NO_PROXY" "value" (join "," $noProxy)) -}}
{{- end -}}
{{- if .Values.extraCaCerts.configMap -}}
{{- $variables = append $variables (dict "name" "NODE_EXTRA_CA_CERTS" "value" (printf "/etc/ecr-pull-secrets-ca/%s" .Values.extraCaCerts.key)) -}}
{{- end -}}
{{- with $variables -}}{{- toYaml . -}}{{- end -}}
{{- end -}}
