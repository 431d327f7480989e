{{/* What both pods have in common. */}}

{{/* The beginning of a pod: who it runs as, and where. */}}
{{- define "edk.pod" -}}
serviceAccountName: {{ include "edk.serviceAccountName" . }}
# A token, where one is asked for, is mounted into single containers.
automountServiceAccountToken: false
# Variables that Kubernetes makes of the names of Services could be taken for ours.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 1000
  runAsGroup: 1000
  fsGroup: 1000
  # Else each start walks through all files of the volumes.
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with include "edk.pullSecrets" . }}
{{ . }}
{{- end }}
{{- $node := .Values.nodeSelector }}
{{- $storageNode := include "edk.global" (list . "storage_node") }}
{{- if and (empty $node) $storageNode }}
{{- $node = dict "kaapana.io/node" $storageNode }}
{{- end }}
{{- with $node }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* A container that meets the pod security level `restricted`, with a read-only root. */}}
{{- define "edk.restricted" -}}
securityContext:
  runAsNonRoot: true
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Three probes that ask the same: (dict "asks" what is asked, "readyAsks" what readiness asks if it is something else,
"seconds" that the start may take, "slow" whether a loaded one answers late, and a restart would do harm). */}}
{{- define "edk.probes" -}}
startupProbe:
  {{- toYaml .asks | nindent 2 }}
  periodSeconds: 2
  timeoutSeconds: {{ ternary 10 5 .slow }}
  failureThreshold: {{ div .seconds 2 }}
readinessProbe:
  {{- toYaml (.readyAsks | default .asks) | nindent 2 }}
  periodSeconds: 10
  timeoutSeconds: {{ ternary 10 5 .slow }}
  failureThreshold: 3
livenessProbe:
  {{- toYaml .asks | nindent 2 }}
  periodSeconds: {{ ternary 30 20 .slow }}
  timeoutSeconds: {{ ternary 20 10 .slow }}
  failureThreshold: 5
  # What hangs does not heed the signal: it need not be given the time that a build has to end.
  terminationGracePeriodSeconds: 10
{{- end -}}

{{/* (dict "path" "port" "seconds", and "ready" the path for readiness) */}}
{{- define "edk.httpProbes" -}}
{{- $asks := dict "httpGet" (dict "path" .path "port" .port) -}}
{{- $ready := dict "httpGet" (dict "path" (.ready | default .path) "port" .port) -}}
{{- include "edk.probes" (dict "asks" $asks "readyAsks" $ready "seconds" .seconds "slow" false) -}}
{{- end -}}

{{/* (dict "command" "seconds"): of a builder, which answers late under full load, and whose restart fails all its builds. */}}
{{- define "edk.execProbes" -}}
{{- include "edk.probes" (dict "asks" (dict "exec" (dict "command" .command)) "seconds" .seconds "slow" true) -}}
{{- end -}}
