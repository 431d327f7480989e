{{/* Names, labels, and where the chart is. */}}

{{- define "edk.platform" -}}
{{- if eq .Values.platform "auto" -}}
{{- ternary "kaapana" "plain" (not (empty .Values.global.services_namespace)) -}}
{{- else -}}
{{- .Values.platform -}}
{{- end -}}
{{- end -}}

{{/* A value of the platform's: (list . "name"). Empty on a plain cluster, and where a hyphen was typed in. */}}
{{- define "edk.global" -}}
{{- $root := index . 0 -}}
{{- if eq (include "edk.platform" $root) "kaapana" -}}
{{- $value := get $root.Values.global (index . 1) | toString -}}
{{- if not (has $value (list "" "-" "<nil>")) -}}{{- $value -}}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "edk.namespace" -}}
{{- include "edk.global" (list . "services_namespace") | default .Release.Namespace -}}
{{- end -}}

{{/* Short enough that every suffix still fits into a name. */}}
{{- define "edk.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 45 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What pods are found by; never changes, for a Deployment's selector can't. (list . "component")
The platform's chart service finds the pods of a Deployment by app.kubernetes.io/name alone, so it differs. */}}
{{- define "edk.selector" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
app.kubernetes.io/name: {{ ternary "edk" (printf "edk-%s" $component) (eq $component "edk") }}
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
{{- end -}}

{{/* Of pods: none that changes with the version alone. (list . "component") */}}
{{- define "edk.podLabels" -}}
{{- $root := index . 0 -}}
{{ include "edk.selector" . }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: edk
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of all objects. (list . "component") */}}
{{- define "edk.labels" -}}
{{- $root := index . 0 -}}
{{ include "edk.podLabels" . }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "edk.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "edk.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The builder: buildkit, docker or external. */}}
{{- define "edk.builderKind" -}}
{{- $kind := include "edk.global" (list . "edk_builder") | default .Values.builder.kind -}}
{{- if not (has $kind (list "buildkit" "docker" "external")) -}}
{{- fail (printf "global.edk_builder is %q: use buildkit, docker or external" $kind) -}}
{{- end -}}
{{- $kind -}}
{{- end -}}

{{/* What the EDK speaks with it: buildkit or docker. */}}
{{- define "edk.builderSpeaks" -}}
{{- $kind := include "edk.builderKind" . -}}
{{- ternary .Values.builder.external.kind $kind (eq $kind "external") -}}
{{- end -}}

{{/* Whether the builder is one of our own, and so has certificates of the pod's own. */}}
{{- define "edk.builderInside" -}}
{{- if ne (include "edk.builderKind" .) "external" -}}true{{- end -}}
{{- end -}}

{{/* The pod's certificates of a client: of its own builder, or from a Secret. */}}
{{- define "edk.builderTLS" -}}
{{- if include "edk.builderInside" . -}}true
{{- else if .Values.builder.external.tlsSecret -}}true
{{- end -}}
{{- end -}}

{{- define "edk.minio" -}}
{{- $said := include "edk.global" (list . "edk_minio") -}}
{{- $on := ternary (eq (lower $said) "true") .Values.minio.enabled (not (empty $said)) -}}
{{- if $on -}}
{{- if ne (include "edk.platform" .) "kaapana" -}}
{{- fail "minio.enabled needs the platform: set global.services_namespace, or turn it off" -}}
{{- end -}}
true
{{- end -}}
{{- end -}}

{{- define "edk.ingressKind" -}}
{{- if eq .Values.ingress.kind "auto" -}}
{{- ternary "traefik" "none" (eq (include "edk.platform" .) "kaapana") -}}
{{- else -}}
{{- .Values.ingress.kind -}}
{{- end -}}
{{- end -}}

{{- define "edk.editorPath" -}}
{{- .Values.ingress.editorPath | default (ternary "/edk/" "/" (eq (include "edk.ingressKind" .) "traefik")) -}}
{{- end -}}

{{/* The registry, as pods reach it. */}}
{{- define "edk.registryForPods" -}}
{{- if .Values.registry.podAddress -}}
{{- .Values.registry.podAddress -}}
{{- else if .Values.registry.enabled -}}
{{- printf "%s.%s.svc.%s:%d" .Values.registry.serviceName (include "edk.namespace" .) .Values.clusterDomain (int .Values.registry.port) -}}
{{- else -}}
{{- fail "registry.enabled is false: set registry.podAddress to the HOST:PORT of another one" -}}
{{- end -}}
{{- end -}}

{{/* The same registry, as nodes reach it. */}}
{{- define "edk.registryForNodes" -}}
{{- if .Values.registry.nodeAddress -}}
{{- .Values.registry.nodeAddress -}}
{{- else if .Values.registry.enabled -}}
{{- printf "localhost:%d" (int .Values.registry.nodePort) -}}
{{- else -}}
{{- fail "registry.enabled is false: set registry.nodeAddress to the HOST:PORT by which nodes reach another one" -}}
{{- end -}}
{{- end -}}
