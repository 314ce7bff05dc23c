{{/*
How large V8's old space may grow in a container, from its memory limit: a third of it, 64 MiB at least. Node's own
choice is 259 MiB for every limit up to 512 MiB (24.21), and the kernel ends the process first.
And how large a half of the young generation may grow: a 128th of the old space, from 1 to 16 MiB. In a container of 384
MiB V8 takes 1 MiB by itself, but only if it sees the limit; else up to 64 MiB a half, outside of the old space, which
makes three times as much (e2e/test/young-generation.test.ts).
The webhook needs little of it: whatever is sent, at most 33 MiB for what it reads of one body (select-json.ts), and
30 MiB for itself and its connections, so that V8 never gives up, with 64 either. Outside of it are 46 MiB of program,
up to 32 MiB of bodies (request-body.ts), 1,200 connections of 64 KiB, or 115 KiB once much was sent over each
(app.ts), and what is freed but not reused: under one attack right after the other the process peaks at 277 MiB, of
384 (e2e/test/alone/attacks-memory.test.ts); the bounds above make 276 MiB together. With a lower limit only such an attack can make the kernel end it.
*/}}
{{- define "ecr-pull-secrets.heapEnv" -}}
{{- $container := get .values .container -}}
{{- $limit := (($container.resources).limits).memory -}}
{{- $isOwn := false -}}
{{- range $container.extraEnv -}}{{- if eq .name "NODE_OPTIONS" -}}{{- $isOwn = true -}}{{- end -}}{{- end -}}
{{- if and $limit (not $isOwn) -}}
{{- $path := printf "%s.resources.limits.memory" .container -}}
{{- $mebibytes := include "ecr-pull-secrets.mebibytes" (dict "path" $path "quantity" $limit) | int -}}
{{- if lt $mebibytes 128 -}}
{{- fail (printf "%s=%v is too little: V8's heap alone may take 64 MiB, and the process as much besides, so the kernel would end it; 128Mi or more" $path $limit) -}}
{{- end -}}
- name: NODE_OPTIONS
{{- $oldSpace := max 64 (div $mebibytes 3) }}
  value: --max-old-space-size={{ $oldSpace }} --max-semi-space-size={{ min 16 (max 1 (div $oldSpace 128)) }}
{{- end -}}
{{- end -}}

{{/* A quantity of memory in whole MiB, in every form that Kubernetes takes: 384Mi, 1.5Gi, 400M, 402653184 or 4e8. */}}
{{- define "ecr-pull-secrets.mebibytes" -}}
{{- $text := toString .quantity -}}
{{- $number := regexFind "^\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- $perUnit := dict "m" "0.001" "" "1" "k" "1e3" "M" "1e6" "G" "1e9" "T" "1e12" "P" "1e15" "E" "1e18" "Ki" "1024" "Mi" "1048576" "Gi" "1073741824" "Ti" "1099511627776" "Pi" "1125899906842624" "Ei" "1152921504606846976" -}}
{{- if or (not $number) (not (hasKey $perUnit $unit)) -}}
{{- fail (printf "%s=%s is not a quantity of memory; for example 384Mi" .path $text) -}}
{{- end -}}
{{- printf "%.0f" (floor (divf (mulf (float64 (trimPrefix "+" $number)) (float64 (get $perUnit $unit))) 1048576)) -}}
{{- end -}}
