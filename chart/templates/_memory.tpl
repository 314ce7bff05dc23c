{{/*
The limits of V8's heap in a container, from its memory limit.
The old space gets a third of it, at least 64 MiB. Node's default is 259 MiB for every memory limit up to 512 MiB
(24.21), so the kernel would kill the process first.
A half of the young generation gets a 128th of the old space, from 1 to 16 MiB. In a container of 384 MiB V8 chooses
1 MiB, but only if it detects the limit; otherwise up to 64 MiB per half, outside the old space, which
makes three times as much (e2e/test/young-generation.test.ts).
The webhook needs little of it: at most 33 MiB for what it reads from one body of any content (select-json.ts), and
30 MiB for itself and its connections, so 64 MiB are always enough. Outside the heap are 46 MiB of program,
up to 32 MiB of bodies (body-limit.ts), 1,200 connections of 64 KiB, or of 115 KiB after much was sent over each
(app.ts), and memory that is freed but not reused: during consecutive attacks the process peaks at 277 of 384 MiB
(e2e/test/alone/attacks-memory.test.ts); the sum of the bounds above is 276 MiB. With a lower limit only such an attack can
make the kernel kill the process.
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
{{- fail (printf "%s=%v is too low: V8's heap may take 64 MiB, and the rest of the process as much again, so the kernel would kill it; set 128Mi or more" $path $limit) -}}
{{- end -}}
- name: NODE_OPTIONS
{{- $oldSpace := max 64 (div $mebibytes 3) }}
  value: --max-old-space-size={{ $oldSpace }} --max-semi-space-size={{ min 16 (max 1 (div $oldSpace 128)) }}
{{- end -}}
{{- end -}}

{{/* A quantity of memory in whole MiB, from every form that Kubernetes accepts: 384Mi, 1.5Gi, 400M, 402653184 or 4e8. */}}
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
