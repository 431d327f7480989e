{{/* The DAG image. Its tag is this chart's version, so that has to be one the image was pushed under. */}}
{{- define "dag-installer.image" -}}
{{ .Values.global.custom_registry_url | default .Values.global.registry_url }}/{{ .Values.global.image }}:{{ .Chart.Version }}
{{- end }}

{{- define "dag-installer.pull-secrets" -}}
imagePullSecrets:
  - name: registry-secret
{{- with .Values.global.custom_registry_url }}
  - name: registry-secret-{{ . | sha256sum | trunc 4 }}
{{- end }}
{{- end }}

{{/* What an image on the platform's own base-installer asks for; the bundled one does without. */}}
{{- define "dag-installer.platform" -}}
- name: ADMIN_NAMESPACE
  value: {{ .Values.global.admin_namespace | quote }}
- name: SERVICES_NAMESPACE
  value: {{ .Values.global.services_namespace | quote }}
- name: KAAPANA_BUILD_VERSION
  value: {{ .Values.global.kaapana_build_version | quote }}
- name: KAAPANA_DEFAULT_REGISTRY
  value: {{ .Values.global.registry_url | quote }}
- name: DOCKER_VERSION
  value: {{ .Chart.Version | quote }}
{{- end }}

{{/* The body of a Job that runs the image once. Takes a dict: root, action, pull. */}}
{{- define "dag-installer.job" -}}
backoffLimit: 0
template:
  spec:
    restartPolicy: Never
    {{- with .root.Values.global.main_node_name }}
    nodeSelector:
      kubernetes.io/hostname: {{ . | quote }}
    {{- end }}
    {{- include "dag-installer.pull-secrets" .root | nindent 4 }}
    securityContext:
      runAsUser: 0
    containers:
      - name: {{ .action }}
        image: {{ include "dag-installer.image" .root | quote }}
        imagePullPolicy: {{ .pull }}
        env:
          - name: ACTION
            value: {{ .action | quote }}
          {{- include "dag-installer.platform" .root | nindent 10 }}
        volumeMounts:
          - name: dags
            mountPath: /kaapana/mounted/workflows/dags
          - name: plugins
            mountPath: /kaapana/mounted/workflows/plugins
    volumes:
      - name: dags
        persistentVolumeClaim:
          claimName: dags-pv-claim
      - name: plugins
        persistentVolumeClaim:
          claimName: af-plugins-pv-claim
{{- end }}
