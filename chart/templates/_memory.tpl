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
NODE_OPTIONS of extraEnv comes after ours: Node uses the last one of two equal options. The pod of helm test has only ours,
because theirs may require a volume.
*/}}
{{- define "ecr-pull-secrets.heapEnv" -}}
{{- $container := get .values .container -}}
{{- $limit := (($container.resources).limits).memory -}}
{{- $own := dict -}}
{{- range $container.extraEnv -}}{{- if eq .name "NODE_OPTIONS" -}}{{- $own = . -}}{{- end -}}{{- end -}}
{{- if and $limit (or .isTest (not $own.valueFrom)) -}}
{{- $path := printf "%s.resources.limits.memory" .container -}}
{{- $bytes := include "ecr-pull-secrets.quantity" (dict "path" $path "quantity" $limit) | float64 -}}
{{- $mebibytes := divf $bytes 1048576 | floor | int64 -}}
{{- if and (lt $mebibytes 128) (not $own) -}}
{{- fail (printf "%s=%v is too low: V8's heap may take 64 MiB, and the rest of the process as much again, so the kernel would kill it; set 128Mi or more" $path $limit) -}}
{{- end -}}
- name: NODE_OPTIONS
{{- $oldSpace := max 64 (div $mebibytes 3) }}
  value: {{ printf "--max-old-space-size=%d --max-semi-space-size=%d %s" $oldSpace (min 16 (max 1 (div $oldSpace 128))) (ternary "" ($own.value | default "") (not (empty .isTest))) | trim }}
{{- end -}}
{{- end -}}

{{/* The number of a quantity, from every form that Kubernetes accepts: 384Mi, 1.5Gi, 400M, 402653184, 4e8 or 20m. */}}
{{- define "ecr-pull-secrets.quantity" -}}
{{- $text := toString .quantity -}}
{{- $number := regexFind "^\\+?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?" $text -}}
{{- $unit := trimPrefix $number $text -}}
{{- $perUnit := dict "m" "0.001" "" "1" "k" "1e3" "M" "1e6" "G" "1e9" "T" "1e12" "P" "1e15" "E" "1e18" "Ki" "1024" "Mi" "1048576" "Gi" "1073741824" "Ti" "1099511627776" "Pi" "1125899906842624" "Ei" "1152921504606846976" -}}
{{- if or (not $number) (not (hasKey $perUnit $unit)) -}}
{{- fail (printf "%s=%s is not a quantity; for example 384Mi" .path $text) -}}
{{- end -}}
{{- printf "%.6f" (mulf (float64 (trimPrefix "+" $number)) (float64 (get $perUnit $unit))) -}}
{{- end -}}

{{/* Rejects what would make the API server reject every pod, after the Deployment was accepted. */}}
{{- define "ecr-pull-secrets.checkResources" -}}
{{- $containers := list "renewer" -}}
{{- if include "ecr-pull-secrets.hasWebhook" . -}}{{- $containers = append $containers "webhook" -}}{{- end -}}
{{- if include "ecr-pull-secrets.hasTest" . -}}{{- $containers = append $containers "helmTest" -}}{{- end -}}
{{- range $container := $containers -}}
{{- $_ := include "ecr-pull-secrets.heapEnv" (dict "container" . "values" $.Values) -}}
{{- $resources := (get $.Values .).resources | default dict -}}
{{- range $name, $request := $resources.requests -}}
{{- $limit := get ($resources.limits | default dict) $name -}}
{{- if and $request $limit -}}
{{- $path := printf "%s.resources.requests.%s" $container $name -}}
{{- $limitPath := printf "%s.resources.limits.%s" $container $name -}}
{{- $requested := include "ecr-pull-secrets.quantity" (dict "path" $path "quantity" $request) | float64 -}}
{{- if gt $requested (include "ecr-pull-secrets.quantity" (dict "path" $limitPath "quantity" $limit) | float64) -}}
{{- fail (printf "%s=%v is more than %s=%v: change one of them, for example --set %s=%v" $path $request $limitPath $limit $path $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
