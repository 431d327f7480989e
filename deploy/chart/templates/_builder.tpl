{{/* The container that builds. */}}

{{- define "edk.buildkit" -}}
- name: builder
  {{- include "edk.containerImage" (list . "builder") | nindent 2 }}
  args:
    - --config
    - /etc/buildkit/buildkitd.toml
    - --oci-worker-no-process-sandbox
    - --addr
    - unix:///run/user/1000/buildkit/buildkitd.sock
    - --addr
    - tcp://127.0.0.1:1234
    - --tlscacert
    - /certs/builder/ca.pem
    - --tlscert
    - /certs/builder/cert.pem
    - --tlskey
    - /certs/builder/key.pem
  {{- with include "edk.proxyEnvironment" (list . true) }}
  env:
    {{- . | trim | nindent 4 }}
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 1000
    runAsGroup: 1000
    privileged: false
    # newuidmap and newgidmap give the namespace of the builds its ids by capabilities of their files.
    allowPrivilegeEscalation: true
    capabilities:
      drop: [ALL]
      add: [SETUID, SETGID]
    # The usual profiles forbid unshare and mount, by which a namespace is made.
    seccompProfile:
      type: Unconfined
    {{- if include "edk.appArmorField" . }}
    appArmorProfile:
      type: Unconfined
    {{- end }}
  {{- $asks := list "buildctl" "--addr" "unix:///run/user/1000/buildkit/buildkitd.sock" "--timeout" "10" "debug" "workers" }}
  {{- include "edk.execProbes" (dict "command" $asks "seconds" 120) | nindent 2 }}
  resources:
    {{- toYaml .Values.builder.resources | nindent 4 }}
  volumeMounts:
    - name: builder
      mountPath: /home/user/.local/share/buildkit
    - name: buildkitd
      mountPath: /etc/buildkit
      readOnly: true
    - name: builder-certs
      mountPath: /certs/builder
      readOnly: true
{{- end -}}

{{/* AppArmor has been a field since Kubernetes 1.30; before that it is an annotation. */}}
{{- define "edk.appArmorField" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version -}}true{{- end -}}
{{- end -}}

{{- define "edk.engine" -}}
- name: builder
  {{- include "edk.containerImage" (list . "engine") | nindent 2 }}
  args:
    - dockerd
    - --host=unix:///var/run/docker.sock
    - --host=tcp://127.0.0.1:2376
    - --tlsverify
    - --tlscacert=/certs/builder/ca.pem
    - --tlscert=/certs/builder/cert.pem
    - --tlskey=/certs/builder/key.pem
    {{- if .Values.registry.insecure }}
    # With the scheme: without it BuildKit in the Docker Engine takes a name with a port for an address without a host, and
    # asks for bases by https.
    - --insecure-registry=http://{{ include "edk.registryForPods" . }}
    {{- end }}
    {{- range .Values.builder.docker.args }}
    - {{ . | quote }}
    {{- end }}
  {{- with include "edk.proxyEnvironment" (list . true) }}
  env:
    {{- . | trim | nindent 4 }}
  {{- end }}
  securityContext:
    # dockerd mounts file systems, and makes network interfaces and control groups: it is root on its node.
    privileged: true
    runAsNonRoot: false
    runAsUser: 0
    runAsGroup: 0
  {{- $asks := list "docker" "--host" "unix:///var/run/docker.sock" "version" }}
  {{- include "edk.execProbes" (dict "command" $asks "seconds" 120) | nindent 2 }}
  resources:
    {{- toYaml .Values.builder.resources | nindent 4 }}
  volumeMounts:
    - name: builder
      mountPath: /var/lib/docker
    - name: builder-certs
      mountPath: /certs/builder
      readOnly: true
{{- end -}}
