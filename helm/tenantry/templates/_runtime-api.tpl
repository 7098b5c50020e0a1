{{- define "tenantry.runtimeApi.container" -}}
- name: runtime-api
  image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  args:
  - serve
  {{- if not .Values.store.urlSecret.name }}
  - --store-url=sqlite:////var/lib/tenantry/store.db
  {{- end }}
  - --host=0.0.0.0
  - --port=8081
  - --metrics-host=0.0.0.0
  - --metrics-port=8082
  {{- if .Values.serve.tlsSecretName }}
  - --certificate=/etc/tenantry/tls/tls.crt
  - --private-key=/etc/tenantry/tls/tls.key
  {{- end }}
  {{- with .Values.serve.publicURL }}
  - {{ printf "--public-url=%s" . | quote }}
  {{- end }}
  {{- range .Values.serve.extraArgs }}
  - {{ . | quote }}
  {{- end }}
  env:
  - name: TENANTRY_LOG_FORMAT
    value: json
  {{- if .Values.store.urlSecret.name }}
  - name: TENANTRY_STORE_URL
    valueFrom:
      secretKeyRef:
        name: {{ .Values.store.urlSecret.name }}
        key: {{ .Values.store.urlSecret.key }}
  {{- end }}
  ports:
  - name: runtime-api
    containerPort: 8081
  - name: api-metrics # not in the Service: applications need not see them
    containerPort: 8082
  {{- if .Values.store.urlSecret.name }}
  lifecycle:
    preStop: # until nobody is sent here any more: a closed port would be a fault to who is
      sleep:
        seconds: 5
  {{- end }}
  livenessProbe:
    httpGet:
      path: /livez
      port: runtime-api
      {{- if .Values.serve.tlsSecretName }}
      scheme: HTTPS
      {{- end }}
    periodSeconds: 10
    failureThreshold: 3
  readinessProbe:
    httpGet:
      path: /readyz
      port: runtime-api
      {{- if .Values.serve.tlsSecretName }}
      scheme: HTTPS
      {{- end }}
    periodSeconds: 5
  startupProbe: # where the store is a file it ends until the operator has made that, and is started anew
    httpGet:
      path: /livez
      port: runtime-api
      {{- if .Values.serve.tlsSecretName }}
      scheme: HTTPS
      {{- end }}
    periodSeconds: 2
    failureThreshold: 60
  resources:
    {{- toYaml .Values.serve.resources | nindent 4 }}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      drop: [ALL]
  volumeMounts:
  {{- if not .Values.store.urlSecret.name }}
  - name: store
    mountPath: /var/lib/tenantry
  {{- end }}
  - name: tmp
    mountPath: /tmp
  {{- if and .Values.serve.readSecrets (not .Values.store.urlSecret.name) }}
  - name: cluster
    mountPath: /var/run/secrets/kubernetes.io/serviceaccount
    readOnly: true
  {{- end }}
  {{- if .Values.serve.tlsSecretName }}
  - name: tls
    mountPath: /etc/tenantry/tls
    readOnly: true
  {{- end }}
{{- end }}
