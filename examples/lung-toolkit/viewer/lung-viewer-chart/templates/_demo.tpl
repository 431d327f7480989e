{{/* A container that leaves phantoms in /data, so that there is something to see. */}}
{{- define "lung-viewer.demo" -}}
- name: demo
  image: "{{ .Values.global.registry_url }}/lung-phantom:{{ .Values.global.kaapana_build_version }}"
  imagePullPolicy: {{ .Values.global.pull_policy_images }}
  env:
    - name: IMAGES_DIR
      value: /data
  volumeMounts:
    - name: data
      mountPath: /data
{{- end }}
