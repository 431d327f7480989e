{{/* References of images. */}}

{{/* (list . "name" of .Values.images). By digest if there is one. */}}
{{- define "edk.image" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $image := get $root.Values.images $name -}}
{{- $platform := include "edk.global" (list $root "registry_url") -}}
{{- $registry := $root.Values.image.registry | default $platform -}}
{{- $tag := $root.Values.image.tag | default $root.Chart.AppVersion -}}
{{- if eq $name "minioMirror" -}}
{{- $registry = $platform -}}
{{- $tag = include "edk.global" (list $root "kaapana_build_version") -}}
{{- else -}}
{{- $registry = include "edk.global" (list $root "edk_image_registry") | default $registry -}}
{{- $tag = include "edk.global" (list $root "edk_image_tag") | default $tag -}}
{{- end -}}
{{- $registry = $image.registry | default $registry -}}
{{- $tag = $image.tag | default $tag -}}
{{- if $registry -}}{{- trimSuffix "/" $registry -}}/{{- end -}}
{{- $image.repository -}}
{{- if $image.digest -}}@{{- $image.digest -}}{{- else if $tag -}}:{{- $tag -}}{{- end -}}
{{- end -}}

{{- define "edk.pullPolicy" -}}
{{- .Values.image.pullPolicy | default (include "edk.global" (list . "pull_policy_images")) | default "IfNotPresent" -}}
{{- end -}}

{{/* The lines of a container that say which image it runs. (list . "name") */}}
{{- define "edk.containerImage" -}}
image: {{ include "edk.image" . | quote }}
imagePullPolicy: {{ include "edk.pullPolicy" (index . 0) }}
{{- end -}}

{{- define "edk.pullSecrets" -}}
{{- $names := .Values.image.pullSecrets -}}
{{- if and (empty $names) (eq (include "edk.platform" .) "kaapana") -}}
{{- $names = list "registry-secret" -}}
{{- end -}}
{{- with $names -}}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end -}}
{{- end -}}
