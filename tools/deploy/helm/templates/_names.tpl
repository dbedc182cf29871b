{{- define "filch-worker.labels" -}}
app: {{ .Release.Name }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion }}
{{- end }}

{{- define "filch-worker.metadata" -}}
name: {{ .Release.Name }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "filch-worker.labels" . | nindent 2 }}
{{- end }}

{{- define "filch-worker.selector" -}}
matchLabels: {app: {{ .Release.Name }}}
{{- end }}
