{{/* The configuration of BuildKit. What bounds its disk, and why: docs/builders.md. */}}
{{- define "edk.buildkitd" -}}
{{- $cache := .Values.builder.buildkit.cache -}}
{{- $maxUsed := include "edk.bytes" $cache.maxUsed | int64 -}}
{{- $minFree := include "edk.bytes" $cache.minFree | int64 -}}
{{- $size := include "edk.bytes" .Values.storage.builder.size | int64 -}}
{{- if and .Values.storage.builder.enabled (not .Values.storage.builder.existingClaim) (gt (add $maxUsed $minFree) $size) -}}
{{- fail (printf "storage.builder.size %s is too small for builder.buildkit.cache: maxUsed %s and minFree %s need %d bytes" .Values.storage.builder.size $cache.maxUsed $cache.minFree (add $maxUsed $minFree)) -}}
{{- end -}}
{{- $pods := include "edk.registryForPods" . -}}
{{- $nodes := include "edk.registryForNodes" . -}}
root = "/home/user/.local/share/buildkit"

# Both must be exceeded before a past build is forgotten.
[history]
maxAge = "1h"
maxEntries = 20

[worker.containerd]
enabled = false

[worker.oci]
enabled = true
rootless = true
# RUN steps share the process namespace of this container: the other way needs a privileged one, or unmasked /proc.
noProcessSandbox = true
max-parallelism = {{ .Values.builder.buildkit.maxParallelism }}
gc = true
{{- range list "filters = [\"type==source.local,type==exec.cachemount,type==source.git.checkout\"]" "" "all = true" }}

[[worker.oci.gcpolicy]]
{{- with . }}
{{ . }}
{{- end }}
reservedSpace = "{{ include "edk.bytes" $cache.reserved }}"
maxUsedSpace = "{{ $maxUsed }}"
minFreeSpace = "{{ $minFree }}"
{{- end }}

# The local registry by the name that pods know. Nodes know it by another one, which inside of this pod is nobody: what
# is asked for by that name is fetched from the same registry.
[registry.{{ $pods | quote }}]
http = {{ .Values.registry.insecure }}
{{- if ne $nodes $pods }}

[registry.{{ $nodes | quote }}]
http = {{ .Values.registry.insecure }}
mirrors = [{{ $pods | quote }}]
{{- end }}
{{- with .Values.builder.buildkit.extraConfig }}

{{ . }}
{{- end }}
{{ end -}}
