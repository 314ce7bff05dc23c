{{/* The fields that all our pods share: scheduling, security context, DNS and pull secrets. */}}
{{- define "ecr-pull-secrets.podSettings" -}}
{{- $values := .Values -}}
{{- $settings := dict -}}
{{- $references := list -}}
{{/* In a parent chart it may have another type than a list. */}}
{{- $ofAll := ($values.global).imagePullSecrets -}}
{{- range concat (ternary $ofAll list (kindIs "slice" $ofAll)) ($values.imagePullSecrets | default list) -}}
{{- $references = append $references (ternary (dict "name" .) . (kindIs "string" .)) -}}
{{- end -}}
{{- with uniq $references -}}{{- $_ := set $settings "imagePullSecrets" . -}}{{- end -}}
{{- with $values.tolerations -}}
{{- $_ := set $settings "tolerations" (ternary . (list .) (kindIs "slice" .)) -}}
{{- end -}}
{{- if $values.hostNetwork -}}
{{- $_ := set $settings "hostNetwork" true -}}
{{/* The resolver of the host cannot resolve the names of the cluster. */}}
{{- $_ := set $settings "dnsPolicy" "ClusterFirstWithHostNet" -}}
{{- end -}}
{{- $context := include "ecr-pull-secrets.withoutEmpty" $values.podSecurityContext | fromJson -}}
{{- if ($values.openshift).enabled -}}{{- $context = omit $context "runAsUser" "runAsGroup" "fsGroup" -}}{{- end -}}
{{- with $context -}}{{- $_ := set $settings "securityContext" . -}}{{- end -}}
{{- range $value, $field := dict "nodeSelector" "nodeSelector" "affinity" "affinity" "priorityClassName" "priorityClassName" "dnsPolicy" "dnsPolicy" "dnsConfig" "dnsConfig" "hostAliases" "hostAliases" "runtimeClassName" "runtimeClassName" "schedulerName" "schedulerName" -}}
{{- with get $values $value -}}{{- $_ := set $settings $field . -}}{{- end -}}
{{- end -}}
{{- with $settings -}}{{- toYaml . -}}{{- end -}}
{{- end -}}

{{/*
A map without the entries that are empty strings or null, as JSON. By an empty string a value can remove a default of the
chart; a null can too, but parent charts, Argo CD and Kustomize drop it.
*/}}
{{- define "ecr-pull-secrets.withoutEmpty" -}}
{{- $kept := dict -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value -}}{{- $value = include "ecr-pull-secrets.withoutEmpty" $value | fromJson -}}{{- end -}}
{{- if not (or (kindIs "invalid" $value) (has (toString $value) (list "" "map[]"))) -}}{{- $_ := set $kept $key $value -}}{{- end -}}
{{- end -}}
{{- toJson $kept -}}
{{- end -}}

{{/* The labels of pods: ours, by the name of their template, and podLabels, which ours override. */}}
{{- define "ecr-pull-secrets.podLabels" -}}
{{- $root := index . 0 -}}
{{- $ours := include (index . 1) $root | fromYaml -}}
{{- toYaml (merge $ours ($root.Values.podLabels | default dict)) -}}
{{- end -}}

{{/* The annotations of the Deployment's pods. podAnnotations override ours, except the checksums, which replace pods. */}}
{{- define "ecr-pull-secrets.podAnnotations" -}}
{{- $hasWebhook := include "ecr-pull-secrets.hasWebhook" . -}}
{{- $annotations := dict "kubectl.kubernetes.io/default-container" (ternary "webhook" "renewer" (not (empty $hasWebhook))) -}}
{{- $annotations = merge (dict) (.Values.podAnnotations | default dict) $annotations -}}
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

{{/* By default over hosts and zones. A constraint without a labelSelector selects our pods. */}}
{{- define "ecr-pull-secrets.topologySpreadConstraints" -}}
{{- $constraints := list -}}
{{- $selector := dict "matchLabels" (include "ecr-pull-secrets.selectorLabels" . | fromYaml) -}}
{{- $custom := .Values.topologySpreadConstraints -}}
{{- if kindIs "invalid" $custom -}}
{{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" -}}
{{- $constraints = append $constraints (dict "topologyKey" . "maxSkew" 1 "whenUnsatisfiable" "ScheduleAnyway" "labelSelector" $selector) -}}
{{- end -}}
{{- else -}}
{{- range $custom -}}{{- $constraints = append $constraints (merge (dict) . (dict "labelSelector" $selector)) -}}{{- end -}}
{{- end -}}
{{- toYaml $constraints -}}
{{- end -}}

{{/* Recreate has no further fields. The default type is explicit, because each kubectl apply would send a patch otherwise. */}}
{{- define "ecr-pull-secrets.updateStrategy" -}}
{{- $rolling := .Values.updateStrategy.rollingUpdate | default dict -}}
{{- if eq (.Values.updateStrategy.type | default "") "Recreate" -}}
type: Recreate
{{- else if and (regexMatch "^0+%?$" (toString $rolling.maxSurge)) (regexMatch "^0+%?$" (toString $rolling.maxUnavailable)) -}}
{{- fail "updateStrategy.rollingUpdate: maxSurge and maxUnavailable must not both be 0, or no pod could be replaced; set maxUnavailable=1 if there is no room for another pod" -}}
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
{{- include "ecr-pull-secrets.checkProxy" . -}}
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

{{- define "ecr-pull-secrets.extraCaCertsVolume" -}}
{{- with .Values.extraCaCerts.configMap -}}
- name: extra-ca-certs
  configMap:
    name: {{ . }}
{{- end -}}
{{- end -}}

{{- define "ecr-pull-secrets.extraCaCertsMount" -}}
{{- if .Values.extraCaCerts.configMap -}}
- name: extra-ca-certs
  mountPath: /etc/ecr-pull-secrets-ca
  readOnly: true
{{- end -}}
{{- end -}}
