{{/* Volumes and their claims. */}}

{{/* (list . "name" of .Values.storage): whether it is a claim. */}}
{{- define "edk.claimed" -}}
{{- $root := index . 0 -}}
{{- $storage := get $root.Values.storage (index . 1) -}}
{{- if or $storage.enabled $storage.existingClaim (and (eq (index . 1) "minio") (include "edk.minio" $root)) -}}true{{- end -}}
{{- end -}}

{{/* (list . "name"): the volume of a pod. */}}
{{- define "edk.volume" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
- name: {{ $name }}
{{- if include "edk.claimed" . }}
  persistentVolumeClaim:
    claimName: {{ (get $root.Values.storage $name).existingClaim | default (printf "%s-%s" (include "edk.fullname" $root) $name) }}
{{- else }}
  emptyDir: {}
{{- end }}
{{- end -}}

{{/* A size in bytes: 40GB, 60Gi, 1000. */}}
{{- define "edk.bytes" -}}
{{- $text := . | toString -}}
{{- $factors := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexReplaceAll "^[0-9]+" $text "" | trimSuffix "B" -}}
{{- mul (regexFind "^[0-9]+" $text | int64) (get $factors $unit | int64) -}}
{{- end -}}

{{/* The account's files, for the containers that ask the cluster; as the kubelet would mount them into all. */}}
{{- define "edk.tokenVolume" -}}
- name: account
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end -}}

{{/* The edk.yaml of the state folder, which all others outweigh. */}}
{{- define "edk.configMount" -}}
{{- if .Values.config -}}
- name: config
  mountPath: /var/lib/edk/edk.yaml
  subPath: edk.yaml
  readOnly: true
{{- end -}}
{{- end -}}

{{/* Mounts of both editor and watcher; each has a /tmp of its own. */}}
{{- define "edk.mounts" -}}
- name: extensions
  mountPath: /kaapana/app/kaapana
- name: minio
  mountPath: /kaapana/minio
- name: state
  mountPath: /var/lib/edk
  subPath: edk
{{- with include "edk.configMount" . }}
{{ . }}
{{- end }}
{{- if include "edk.builderTLS" . }}
- name: client-certs
  mountPath: /certs/client
  readOnly: true
{{- end }}
{{- if .Values.kubernetes.access }}
- name: account
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- end -}}
