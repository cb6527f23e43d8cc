{{/* The labels of every object; the argument is (root, component). */}}
{{- define "metallb.labels" -}}
{{- $root := index . 0 -}}
app: metallb
component: {{ index . 1 }}
app.kubernetes.io/name: metallb
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/part-of: metallb
{{- end }}

{{/* What selects the pods of a component; never to change, selectors are immutable. */}}
{{- define "metallb.selector" -}}
app: metallb
component: {{ . }}
{{- end }}

{{/* An image, from the registry of choice; the argument is (root, key of images). */}}
{{- define "metallb.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
{{- $registry := trimSuffix "/" $root.Values.images.registry -}}
{{- if $registry -}}
{{- $parts := splitList "/" $image -}}
{{- if or (contains "." (first $parts)) (contains ":" (first $parts)) -}}
{{- $image = join "/" (rest $parts) -}}
{{- end -}}
{{ $registry }}/{{ $image }}
{{- else -}}
{{ $image }}
{{- end -}}
{{- end }}

{{- define "metallb.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/* Flags of TLS that every component understands. */}}
{{- define "metallb.tlsFlags" -}}
{{- with .Values.tls.minVersion }}
- --tls-min-version={{ . }}
{{- end }}
{{- with .Values.tls.cipherSuites }}
- --tls-cipher-suites={{ join "," . }}
{{- end }}
{{- with .Values.tls.curvePreferences }}
- --tls-curve-preferences={{ join "," . }}
{{- end }}
{{- end }}

{{/* The value of METALLB_BGP_TYPE; none means native. */}}
{{- define "metallb.bgpType" -}}
{{- if ne .Values.backend "native" -}}
- name: METALLB_BGP_TYPE
  value: {{ .Values.backend | trimSuffix "-external" }}
{{- end -}}
{{- end }}

{{- define "metallb.podName" -}}
- name: METALLB_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}

{{/* Nodes of a cluster's control plane carry these taints. */}}
{{- define "metallb.nodeTolerations" -}}
- key: node-role.kubernetes.io/master
  operator: Exists
  effect: NoSchedule
- key: node-role.kubernetes.io/control-plane
  operator: Exists
  effect: NoSchedule
{{- with .Values.speaker.tolerations }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Everything about where and how the pods of a component run; the argument is its values. */}}
{{- define "metallb.scheduling" -}}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- end }}

{{/* Restart pods when what they read only once changes; the argument is (root, template path). */}}
{{- define "metallb.checksum" -}}
{{- include (print (index . 0).Template.BasePath "/" (index . 1)) (index . 0) | sha256sum | trunc 16 -}}
{{- end }}

{{/* The name of the metrics ports. */}}
{{- define "metallb.metricsPort" -}}
{{ ternary "monitoring" "metricshttps" .Values.plainMetrics }}
{{- end }}
{{- define "metallb.frrMetricsPort" -}}
{{ ternary "frrmetrics" "frrmetricshttps" .Values.plainMetrics }}
{{- end }}

{{/* FRR itself, the same beside speakers and beside frr-k8s; the argument is (root, image key, port). */}}
{{- define "metallb.frrContainers" -}}
{{- $root := index . 0 -}}
{{- $image := include "metallb.image" (list $root (index . 1)) -}}
{{- $port := index . 2 -}}
{{- $scheme := ternary "HTTP" "HTTPS" $root.Values.plainMetrics -}}
- name: frr
  image: {{ $image }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/sbin/tini, --, /usr/lib/frr/docker-start]
  env:
    - name: TINI_SUBREAPER
      value: "true"
  resources:
    requests: {cpu: 20m, memory: 64Mi}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities:
      add: [NET_ADMIN, NET_RAW, SYS_ADMIN, NET_BIND_SERVICE]
  livenessProbe:
    httpGet: {path: /livez, port: {{ $port }}, scheme: {{ $scheme }}}
    periodSeconds: 10
    failureThreshold: 3
  startupProbe:
    httpGet: {path: /livez, port: {{ $port }}, scheme: {{ $scheme }}}
    periodSeconds: 5
    failureThreshold: 30
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: frr-tmp, mountPath: /var/tmp/frr}
    - {name: frr-lib, mountPath: /var/lib/frr}
- name: reloader
  image: {{ $image }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/etc/frr_reloader/frr-reloader.sh]
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: reloader, mountPath: /etc/frr_reloader}
    - {name: frr-log, mountPath: /var/log/frr}
- name: frr-metrics
  image: {{ $image }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/etc/frr_metrics/frr-metrics]
  args:
    - --metrics-port={{ $port }}
    {{- if not $root.Values.plainMetrics }}
    - --metrics-bind-address=0.0.0.0
    {{- include "metallb.tlsFlags" $root | nindent 4 }}
    {{- end }}
  env:
    - name: VTYSH_HISTFILE
      value: /dev/null
  ports:
    - name: {{ include "metallb.frrMetricsPort" $root }}
      containerPort: {{ $port }}
      hostPort: {{ $port }}
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  securityContext:
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: metrics, mountPath: /etc/frr_metrics}
{{- end }}

{{/* The volumes of FRR; the argument is the name of the ConfigMap it starts from. */}}
{{- define "metallb.frrVolumes" -}}
- name: frr-startup
  configMap:
    name: {{ . }}
- name: frr-sockets
  emptyDir: {}
- name: frr-conf
  emptyDir: {}
- name: reloader
  emptyDir: {}
- name: metrics
  emptyDir: {}
- name: frr-tmp
  emptyDir: {}
- name: frr-lib
  emptyDir: {}
- name: frr-log
  emptyDir: {}
{{- end }}

{{/* Copies what FRR starts from to where it may write; the argument is (root, image key). */}}
{{- define "metallb.frrInit" -}}
{{- $root := index . 0 -}}
- name: cp-frr-files
  image: {{ include "metallb.image" (list $root (index . 1)) }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy }}
  command: [/bin/sh, -c, cp -rLf /tmp/frr/* /etc/frr/]
  securityContext:
    # The frr user of the image, who must be able to write these files.
    runAsUser: 100
    runAsGroup: 101
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
  volumeMounts:
    - {name: frr-startup, mountPath: /tmp/frr}
    - {name: frr-conf, mountPath: /etc/frr}
{{- end }}

{{/* What FRR starts from: which daemons, listening where; the argument is options of zebra. */}}
{{- define "metallb.frrStartup" -}}
daemons: |
  # watchfrr and zebra always run; MetalLB needs BGP and BFD besides.
  bgpd=yes
  bfdd=yes
  vtysh_enable=yes
  zebra_options="-A 127.0.0.1 {{ . }}-s 90000000 --limit-fds 100000"
  # Port 0: connections are opened by MetalLB, never accepted.
  bgpd_options="-A 127.0.0.1 -p 0 --limit-fds 100000"
  staticd_options="-A 127.0.0.1 --limit-fds 100000"
  bfdd_options="-A 127.0.0.1 --limit-fds 100000"
frr.conf: |
  ! replaced as soon as there is a configuration
vtysh.conf: |
  service integrated-vtysh-config
{{- end }}
