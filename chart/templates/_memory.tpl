{{/*
How large V8's heap may grow in a container, from its memory limit: half of it. Node would take the same half where it
sees the limit, which it does not in every sandbox; without, a heap grows until the kernel ends the process.
*/}}
{{- define "ecr-pull-secrets.heapEnv" -}}
{{- $container := get .values .container -}}
{{- $isSet := false -}}
{{- range $container.extraEnv -}}{{- if eq .name "NODE_OPTIONS" -}}{{- $isSet = true -}}{{- end -}}{{- end -}}
{{- $limit := (($container.resources).limits).memory -}}
{{- if and $limit (not $isSet) -}}
{{- $mebibytes := include "ecr-pull-secrets.mebibytes" (dict "path" (printf "%s.resources.limits.memory" .container) "quantity" $limit) -}}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ div (int $mebibytes) 2 }}
{{- end -}}
{{- end -}}

{{/* A quantity of memory in whole MiB: 384Mi, 1.5Gi, 400M, 402653184 or 4e8. */}}
{{- define "ecr-pull-secrets.mebibytes" -}}
{{- $text := toString .quantity -}}
{{- $number := regexFind "^[0-9]+(\\.[0-9]+)?([eE][+-]?[0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- $perUnit := dict "" "1" "k" "1e3" "M" "1e6" "G" "1e9" "T" "1e12" "Ki" "1024" "Mi" "1048576" "Gi" "1073741824" "Ti" "1099511627776" -}}
{{- if or (not $number) (not (hasKey $perUnit $unit)) -}}
{{- fail (printf "%s=%s is not a quantity of memory; for example 384Mi" .path $text) -}}
{{- end -}}
{{- floor (divf (mulf (float64 $number) (float64 (get $perUnit $unit))) 1048576) -}}
{{- end -}}
