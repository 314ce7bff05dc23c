{{/* What all our containers have in common. */}}
{{- define "ecr-pull-secrets.imageSettings" -}}
image: {{ include (ternary "ecr-pull-secrets.cronJobImage" "ecr-pull-secrets.image" (eq (include "ecr-pull-secrets.isCronJob" .) "true")) . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with include "ecr-pull-secrets.withoutEmpty" .Values.securityContext | fromJson }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The fields of a container that the values set, from the root, its key in the values, our command, and our variables. */}}
{{- define "ecr-pull-secrets.container" -}}
{{- $root := index . 0 -}}
{{- $values := get $root.Values (index . 1) -}}
{{- include "ecr-pull-secrets.imageSettings" $root }}
args: [{{ index . 2 }}]
env:
  {{- include "ecr-pull-secrets.env" (list $root (index . 1) (index . 3)) | nindent 2 }}
{{- with $values.extraEnvFrom }}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- include "ecr-pull-secrets.withoutEmpty" $values.resources | fromJson | toYaml | nindent 2 }}
{{- end -}}

{{/* Whether there is a ConfigMap with CONFIG_FILE: "true" or empty. A run of the CronJob needs it for the list form of registries. */}}
{{- define "ecr-pull-secrets.hasConfig" -}}
{{- if or (not (include "ecr-pull-secrets.isCronJob" .)) (kindIs "slice" .Values.registries) -}}true{{- end -}}
{{- end -}}

{{/* The mounts of a container that renews secrets. */}}
{{- define "ecr-pull-secrets.renewalMounts" -}}
{{- if include "ecr-pull-secrets.hasConfig" . -}}
- name: config
  mountPath: /etc/ecr-pull-secrets
  readOnly: true
{{ end -}}
- name: service-account
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- if .Values.extraCaCerts.configMap }}
- name: extra-ca-certs
  mountPath: /etc/ecr-pull-secrets-ca
  readOnly: true
{{- end }}
{{- with .Values.renewer.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The volumes for them, and those of the values. */}}
{{- define "ecr-pull-secrets.renewalVolumes" -}}
{{- if include "ecr-pull-secrets.hasConfig" . -}}
- name: config
  configMap:
    name: {{ include "ecr-pull-secrets.fullname" . | toYaml }}
{{ end -}}
- {{ include "ecr-pull-secrets.serviceAccountVolume" . | nindent 2 | trim }}
{{- with .Values.extraCaCerts.configMap }}
- name: extra-ca-certs
  configMap:
    name: {{ toYaml . }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The token of the ServiceAccount, for only one container of the pod. */}}
{{- define "ecr-pull-secrets.serviceAccountVolume" -}}
name: service-account
projected:
  defaultMode: 0440
  sources:
    - serviceAccountToken:
        path: token
        expirationSeconds: 3600
    - configMap:
        name: kube-root-ca.crt
        items:
          - key: ca.crt
            path: ca.crt
    - downwardAPI:
        items:
          - path: namespace
            fieldRef:
              apiVersion: v1
              fieldPath: metadata.namespace
{{- end -}}
