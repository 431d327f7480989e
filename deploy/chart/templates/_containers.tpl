{{/* Containers of the image edk, and the platform's mirrors. */}}

{{- define "edk.extraEnvFrom" -}}
{{- with .Values.extraEnvFrom -}}
envFrom:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}

{{- define "edk.editor" -}}
- name: editor
  {{- include "edk.containerImage" (list . "edk") | nindent 2 }}
  args: {{ toJson (prepend .Values.editor.args "editor") }}
  ports:
    - name: editor
      containerPort: 8080
  env:
    {{- include "edk.environment" . | nindent 4 }}
    {{- include "edk.builderEnvironment" . | nindent 4 }}
    - name: EDK_STATE_DIR
      value: /var/lib/edk
    - name: HOME
      value: /home/edk
    {{- with .Values.editor.password.existingSecret }}
    - name: PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ . }}
          key: {{ $.Values.editor.password.key }}
    {{- end }}
    {{- with .Values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "edk.extraEnvFrom" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- include "edk.restricted" . | nindent 2 }}
  {{- include "edk.httpProbes" (dict "path" "/healthz" "port" "editor" "seconds" 120) | nindent 2 }}
  resources:
    {{- toYaml .Values.editor.resources | nindent 4 }}
  volumeMounts:
    {{- include "edk.mounts" . | nindent 4 }}
    - name: tmp
      mountPath: /tmp
    - name: state
      mountPath: /home/edk
      subPath: home
{{- end -}}

{{- define "edk.watcher" -}}
- name: watcher
  {{- include "edk.containerImage" (list . "edk") | nindent 2 }}
  args: {{ toJson (prepend .Values.watcher.args "watcher") }}
  ports:
    - name: health
      containerPort: 8081
  env:
    {{- include "edk.environment" . | nindent 4 }}
    {{- include "edk.builderEnvironment" . | nindent 4 }}
    - name: EDK_STATE_DIR
      value: /var/lib/edk
    {{- with .Values.extraEnv }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with include "edk.extraEnvFrom" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- include "edk.restricted" . | nindent 2 }}
  {{- include "edk.httpProbes" (dict "path" "/healthz" "ready" "/readyz" "port" "health" "seconds" 300) | nindent 2 }}
  resources:
    {{- toYaml .Values.watcher.resources | nindent 4 }}
  volumeMounts:
    {{- include "edk.mounts" . | nindent 4 }}
    - name: watcher-tmp
      mountPath: /tmp
{{- end -}}

{{/* Beside the extensions, so that it can tell which images are current; it only reads them,
and has a state of its own. */}}
{{- define "edk.page" -}}
- name: page
  {{- include "edk.containerImage" (list . "edk") | nindent 2 }}
  args: [page]
  ports:
    - name: page
      containerPort: 8082
  env:
    {{- include "edk.environment" . | nindent 4 }}
    - name: EDK_STATE_DIR
      value: /var/lib/edk
    {{- if ne (include "edk.ingressKind" .) "none" }}
    - name: EDK_PAGE_PATH
      value: {{ .Values.ingress.pagePath | quote }}
    {{- end }}
    - name: EDK_PAGE_HOSTS
      value: {{ include "edk.pageHosts" . | quote }}
  {{- include "edk.restricted" . | nindent 2 }}
  {{- include "edk.httpProbes" (dict "path" "/healthz" "port" "page" "seconds" 60) | nindent 2 }}
  resources:
    {{- toYaml .Values.page.resources | nindent 4 }}
  volumeMounts:
    - name: extensions
      mountPath: /kaapana/app/kaapana
      readOnly: true
    - name: page-state
      mountPath: /var/lib/edk
    {{- with include "edk.configMount" . }}
    {{- . | nindent 4 }}
    {{- end }}
    - name: page-tmp
      mountPath: /tmp
{{- end -}}

{{/* Without a host of the ingress it may be asked for by any name. */}}
{{- define "edk.pageHosts" -}}
{{- $service := printf "%s-page" (include "edk.fullname" .) -}}
{{- $inside := printf "%s.%s.svc" $service (include "edk.namespace" .) -}}
{{- $host := .Values.ingress.host | default (include "edk.global" (list . "hostname")) -}}
{{- if and (ne (include "edk.ingressKind" .) "none") (empty $host) -}}{{- $host = "*" -}}{{- end -}}
{{- $hosts := list $service (printf "%s.%s" $service (include "edk.namespace" .)) $inside (printf "%s.%s" $inside .Values.clusterDomain) $host -}}
{{- concat $hosts .Values.page.hosts | compact | uniq | join "," -}}
{{- end -}}

{{/* As the platform's own EDK has them: one that sends, one that fetches. */}}
{{- define "edk.mirrors" -}}
{{- $root := . -}}
{{- $secret := .Values.minio.existingSecret | default (printf "%s-minio" (include "edk.fullname" .)) -}}
{{- range $mirror := list (list "minio-output" "PUSH" "edk-to-minio") (list "minio-input" "FETCH" "minio-to-edk") }}
- name: {{ index $mirror 0 }}
  {{- include "edk.containerImage" (list $root "minioMirror") | nindent 2 }}
  env:
    - name: ACTION
      value: {{ index $mirror 1 }}
    - name: MINIO_SERVICE
      value: minio-service.{{ include "edk.namespace" $root }}.svc:9000
    - name: LOCAL_PATH
      value: /kaapana/minio/{{ index $mirror 2 }}
    - name: MINIO_PATH
      value: {{ $root.Release.Name }}/{{ index $mirror 2 }}
    - name: MINIO_USER
      valueFrom:
        secretKeyRef:
          name: {{ $secret }}
          key: username
    - name: MINIO_PASSWORD
      valueFrom:
        secretKeyRef:
          name: {{ $secret }}
          key: password
  # The image writes to its own root, and its rclone is set-uid; that is of no use here, and not allowed.
  securityContext:
    runAsNonRoot: true
    allowPrivilegeEscalation: false
    capabilities:
      drop: [ALL]
  resources:
    {{- toYaml $root.Values.minio.resources | nindent 4 }}
  volumeMounts:
    - name: minio
      mountPath: /kaapana/minio
{{- end }}
{{- end -}}
