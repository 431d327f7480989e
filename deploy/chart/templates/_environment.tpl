{{/* Variables of containers. */}}

{{- define "edk.httpProxy" -}}
{{- .Values.proxy.http | default (include "edk.global" (list . "http_proxy")) -}}
{{- end -}}
{{- define "edk.httpsProxy" -}}
{{- .Values.proxy.https | default (include "edk.global" (list . "https_proxy")) -}}
{{- end -}}

{{/* What is asked without a proxy: this pod, the cluster's Services, both names of the registry, the platform. */}}
{{- define "edk.noProxy" -}}
{{- $hosts := list "localhost" "127.0.0.1" "::1" ".svc" (printf ".%s" .Values.clusterDomain) -}}
{{- range list (include "edk.registryForPods" .) (include "edk.registryForNodes" .) -}}
{{- $hosts = append $hosts (regexReplaceAll ":[0-9]+$" . "") -}}
{{- end -}}
{{- if eq (include "edk.builderKind" .) "external" -}}
{{- range splitList "," .Values.builder.external.address -}}
{{- $hosts = append $hosts (regexReplaceAll ":[0-9]+$" (regexReplaceAll "^[a-z]+://" (trim .) "") "") -}}
{{- end -}}
{{- end -}}
{{- $hosts = append $hosts (include "edk.global" (list . "hostname")) -}}
{{- concat $hosts .Values.proxy.noProxy | compact | uniq | join "," -}}
{{- end -}}

{{/* (list . true) for both spellings. Nothing without a proxy. */}}
{{- define "edk.proxyEnvironment" -}}
{{- $root := index . 0 -}}
{{- $http := include "edk.httpProxy" $root -}}
{{- $https := include "edk.httpsProxy" $root -}}
{{- if or $http $https -}}
{{- $all := dict "http_proxy" $http "https_proxy" $https "no_proxy" (include "edk.noProxy" $root) -}}
{{- range $name := list "http_proxy" "https_proxy" "no_proxy" -}}
{{- with get $all $name }}
- name: {{ $name }}
  value: {{ . | quote }}
{{- if index $ 1 }}
- name: {{ upper $name }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
{{- end -}}

{{/* Of editor, watcher and page. */}}
{{- define "edk.environment" -}}
{{- $version := .Values.kaapana.buildVersion | default (include "edk.global" (list . "kaapana_build_version")) | default "0.0.0" -}}
{{- $branch := .Values.kaapana.buildBranch | default (include "edk.global" (list . "platform_build_branch")) -}}
- name: NAMESPACE
  value: {{ include "edk.namespace" . }}
- name: WORKSPACE
  value: /kaapana/app
- name: KAAPANA_REPO_PATH
  value: /kaapana/app/kaapana
- name: EDK_EXTENSIONS_DIR
  value: /kaapana/app/kaapana/extensions
- name: KAAPANA_BUILD_VERSION
  value: {{ $version | quote }}
{{- with $branch }}
- name: KAAPANA_BUILD_BRANCH
  value: {{ . | quote }}
{{- end }}
{{- with .Values.kaapana.repositoryUrl }}
- name: KAAPANA_REPO_URL
  value: {{ . | quote }}
{{- end }}
{{- with .Values.kaapana.registryUrl | default (include "edk.global" (list . "registry_url")) }}
- name: REGISTRY_URL
  value: {{ . | quote }}
{{- end }}
- name: LOCAL_REGISTRY_URL
  value: {{ include "edk.registryForPods" . }}
- name: EDK_REGISTRY
  value: {{ include "edk.registryForNodes" . }}
# Where `edk doctor` asks for the nodes' name of the registry: in a pod localhost is the pod.
- name: EDK_NODE_ADDRESS
  valueFrom:
    fieldRef:
      fieldPath: status.hostIP
{{- with include "edk.kubeHelmUrl" . }}
- name: KUBE_HELM_URL
  value: {{ . | quote }}
{{- end }}
- name: VOLUME_PATH
  value: /kaapana/minio/edk-to-minio
{{- include "edk.proxyEnvironment" (list . false) }}
{{- end -}}

{{- define "edk.kubeHelmUrl" -}}
{{- $url := .Values.kaapana.kubeHelmUrl -}}
{{- $admin := include "edk.global" (list . "admin_namespace") -}}
{{- if and (empty $url) $admin -}}
{{- $url = printf "http://kube-helm-service.%s.svc:5000/kube-helm-api" $admin -}}
{{- end -}}
{{- if ne $url "none" -}}{{- $url -}}{{- end -}}
{{- end -}}

{{/* Of editor and watcher: how the builder is reached. */}}
{{- define "edk.builderEnvironment" -}}
{{- $kind := include "edk.builderKind" . -}}
{{- $speaks := include "edk.builderSpeaks" . -}}
{{- $address := ternary "tcp://127.0.0.1:1234" "tcp://127.0.0.1:2376" (eq $kind "buildkit") -}}
{{- if eq $kind "external" -}}
{{- $address = required "builder.kind is external: set builder.external.address to its tcp://HOST:PORT" .Values.builder.external.address -}}
{{- end -}}
- name: EDK_BUILDER
  value: {{ $speaks }}
{{- if eq $speaks "buildkit" }}
- name: BUILDKIT_HOST
  value: {{ $address | quote }}
{{- if include "edk.builderTLS" . }}
- name: EDK_BUILDKIT_TLS
  value: /certs/client
{{- end }}
{{- else }}
- name: DOCKER_HOST
  value: {{ $address | quote }}
{{- if include "edk.builderTLS" . }}
- name: DOCKER_TLS_VERIFY
  value: "1"
- name: DOCKER_CERT_PATH
  value: /certs/client
{{- end }}
{{- end }}
{{- end -}}
