{{/* The labels of every object of a component. The statuscleaner finds the pods of frr-k8s by
app.kubernetes.io/component. */}}
{{- define "metallb.labels" -}}
app: metallb
component: {{ . | quote }}
app.kubernetes.io/name: metallb
app.kubernetes.io/component: {{ . | quote }}
app.kubernetes.io/part-of: metallb
{{- end }}

{{/* The labels of a component, and others on top; the argument is (component, others). */}}
{{- define "metallb.labelsWith" -}}
{{- toYaml (merge (dict) (index . 1) (include "metallb.labels" (index . 0) | fromYaml)) -}}
{{- end }}

{{/* What selects the pods of a component; never to change, selectors are immutable. */}}
{{- define "metallb.selector" -}}
app: metallb
component: {{ . | quote }}
{{- end }}

{{/* An image, from the registry of choice; the argument is (root, key of images). */}}
{{- define "metallb.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
{{- $registry := trimSuffix "/" $root.Values.images.registry -}}
{{- if $registry -}}
{{- $parts := splitList "/" $image -}}
{{- $host := first $parts -}}
{{- if and (rest $parts) (or (contains "." $host) (contains ":" $host) (eq $host "localhost")) -}}
{{- $image = join "/" (rest $parts) -}}
{{- end -}}
{{ print $registry "/" $image }}
{{- else -}}
{{ $image }}
{{- end -}}
{{- end }}

{{- define "metallb.pullSecrets" -}}
{{- with .Values.images.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Flags of TLS that every component understands, and none of a legacy release. */}}
{{- define "metallb.tlsFlags" -}}
{{- if not .Values.legacy }}
{{- with .Values.tls.minVersion }}
- {{ print "--tls-min-version=" . | quote }}
{{- end }}
{{- with .Values.tls.cipherSuites }}
- {{ join "," . | print "--tls-cipher-suites=" | quote }}
{{- end }}
{{- with .Values.tls.curvePreferences }}
- {{ join "," . | print "--tls-curve-preferences=" | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* The value of METALLB_BGP_TYPE; none means native. */}}
{{- define "metallb.bgpType" -}}
{{- if ne .Values.backend "native" -}}
- name: METALLB_BGP_TYPE
  value: {{ .Values.backend | trimSuffix "-external" | quote }}
{{- end -}}
{{- end }}

{{- define "metallb.podName" -}}
- name: METALLB_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
{{- end }}

{{/* Speakers announce from the nodes of the control plane too, which carry these taints. */}}
{{- define "metallb.speakerTolerations" -}}
tolerations:
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

{{/* How speakers, and frr-k8s with them, are replaced. */}}
{{- define "metallb.updateStrategy" -}}
{{- with .Values.speaker.updateStrategy -}}
type: {{ .type | quote }}
{{- if eq .type "RollingUpdate" }}
rollingUpdate:
  maxUnavailable: {{ .maxUnavailable | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- define "metallb.minReadySeconds" -}}
{{- with .Values.speaker.updateStrategy -}}
{{- if and .minReadySeconds (eq .type "RollingUpdate") -}}
minReadySeconds: {{ .minReadySeconds | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{/* Where and how the pods of a component run; the argument is its values. */}}
{{- define "metallb.scheduling" -}}
nodeSelector:
  {{- toYaml (merge (dict) .nodeSelector (dict "kubernetes.io/os" "linux")) | nindent 2 }}
{{- with .affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
{{- with .runtimeClassName }}
runtimeClassName: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Restart pods when what they read only once changes; the argument is (root, template path). */}}
{{- define "metallb.checksum" -}}
{{- include (print (index . 0).Template.BasePath "/" (index . 1)) (index . 0) | sha256sum | trunc 16 -}}
{{- end }}

{{/* The name of the metrics ports. */}}
{{- define "metallb.metricsPort" -}}
{{ ternary "monitoring" "metricshttps" .Values.legacy }}
{{- end }}
{{- define "metallb.frrMetricsPort" -}}
{{ ternary "frrmetrics" "frrmetricshttps" .Values.legacy }}
{{- end }}

{{/* The probes of controller and speaker; the argument is (root, host, or "" for the pod's own). A legacy
release is asked for its metrics, for want of anything else. */}}
{{- define "metallb.probes" -}}
{{- $root := index . 0 -}}
{{- $ports := $root.Values.ports -}}
{{- $legacy := $root.Values.legacy -}}
{{- $port := ternary $ports.metrics $ports.health $legacy -}}
livenessProbe:
  httpGet: {path: {{ ternary "/metrics" "/healthz" $legacy | quote }}, port: {{ $port | toJson }}{{ with index . 1 }}, host: {{ . | quote }}{{ end }}}
  initialDelaySeconds: 10
readinessProbe:
  httpGet: {path: {{ ternary "/metrics" "/readyz" $legacy | quote }}, port: {{ $port | toJson }}{{ with index . 1 }}, host: {{ . | quote }}{{ end }}}
{{- end }}

{{/* The security context of pods on the host's network, some containers of which are root. The
runtime's profile lets through what goes with a capability that a container has: raw sockets, and
with SYS_ADMIN the network namespaces that FRR makes VRFs of. */}}
{{- define "metallb.podSecurity" -}}
securityContext:
  seccompProfile:
    type: RuntimeDefault
{{- end }}

{{/* The security context of a container that needs no more than files and sockets of its pod. */}}
{{- define "metallb.confined" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
{{- end }}

{{/* The same beside FRR: root, to reach what belongs to the user frr, and nothing of the host. */}}
{{- define "metallb.besideFRR" -}}
{{ include "metallb.confined" . }}
  capabilities:
    drop: [AUDIT_WRITE, MKNOD, NET_BIND_SERVICE, NET_RAW, SETFCAP, SYS_CHROOT]
{{- end }}

{{/* FRR itself, the same beside speakers and beside frr-k8s; the argument is (root, image key,
port of its metrics, address they are served on: "" for what the exporter does by itself). */}}
{{- define "metallb.frrContainers" -}}
{{- $root := index . 0 -}}
{{- $image := include "metallb.image" (list $root (index . 1)) -}}
{{- $port := index . 2 -}}
{{- $address := index . 3 -}}
{{- $scheme := ternary "HTTP" "HTTPS" $root.Values.legacy -}}
- name: frr
  image: {{ $image | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy | quote }}
  terminationMessagePolicy: FallbackToLogsOnError
  {{- if $root.Values.legacy }}
  # FRR writes its log to a file in these releases.
  command: [/bin/sh, -c, tail -F /etc/frr/frr.log & exec /sbin/tini -- /usr/lib/frr/docker-start]
  {{- else }}
  command: [/sbin/tini, --, /usr/lib/frr/docker-start]
  {{- end }}
  env:
    - name: TINI_SUBREAPER
      value: "true"
  resources:
    requests: {cpu: 20m, memory: 64Mi}
  {{- include "metallb.confined" . | nindent 2 }}
    capabilities:
      # It starts as root, to become the user frr: not all of the others can go.
      drop: [AUDIT_WRITE, MKNOD, SETFCAP, SYS_CHROOT]
      add: [NET_ADMIN, NET_RAW, SYS_ADMIN, NET_BIND_SERVICE]
  livenessProbe:
    httpGet: {path: /livez, port: {{ $port | toJson }}, scheme: {{ $scheme | quote }}, host: 127.0.0.1}
    periodSeconds: 10
    failureThreshold: 3
  startupProbe:
    # Ready, so that the next node may follow, only when its sessions are up.
    exec: {command: [/bin/sh, /etc/frr/sessions-up.sh]}
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 75
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: frr-tmp, mountPath: /var/tmp/frr}
    - {name: frr-lib, mountPath: /var/lib/frr}
    - {name: reloader, mountPath: /etc/frr_reloader, readOnly: true}
- name: reloader
  image: {{ $image | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy | quote }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: [/etc/frr_reloader/frr-reloader.sh]
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  {{- include "metallb.besideFRR" . | nindent 2 }}
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: reloader, mountPath: /etc/frr_reloader}
    - {name: frr-log, mountPath: /var/log/frr}
    # Where it puts the running configuration together.
    - {name: reloader-tmp, mountPath: /tmp}
- name: frr-metrics
  image: {{ $image | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy | quote }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: [/etc/frr_metrics/frr-metrics]
  args:
    - {{ print "--metrics-port=" $port | quote }}
    {{- with $address }}
    - {{ print "--metrics-bind-address=" . | quote }}
    {{- end }}
    {{- include "metallb.tlsFlags" $root | nindent 4 }}
  env:
    - name: VTYSH_HISTFILE
      value: /dev/null
  ports:
    - name: {{ include "metallb.frrMetricsPort" $root | quote }}
      containerPort: {{ $port | toJson }}
      hostPort: {{ $port | toJson }}
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  {{- include "metallb.besideFRR" . | nindent 2 }}
  volumeMounts:
    - {name: frr-sockets, mountPath: /var/run/frr}
    - {name: frr-conf, mountPath: /etc/frr}
    - {name: metrics, mountPath: /etc/frr_metrics}
{{- end }}

{{/* The volumes of FRR; the argument is the name of the ConfigMap it starts from. */}}
{{- define "metallb.frrVolumes" -}}
- name: frr-startup
  configMap:
    name: {{ . | quote }}
{{- range list "frr-sockets" "frr-conf" "reloader" "reloader-tmp" "metrics" "frr-tmp" "frr-lib" "frr-log" }}
- name: {{ . | quote }}
  emptyDir: {}
{{- end }}
{{- end }}

{{/* Copies what FRR starts from to where it may write; the argument is (root, image key). */}}
{{- define "metallb.frrInit" -}}
{{- $root := index . 0 -}}
- name: cp-frr-files
  image: {{ include "metallb.image" (list $root (index . 1)) | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy | quote }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: [/bin/sh, -c, cp -rLf /tmp/frr/* /etc/frr/]
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  {{- include "metallb.confined" . | nindent 2 }}
    # The frr user of the image, who must be able to write these files.
    runAsUser: 100
    runAsGroup: 101
    capabilities:
      drop: [ALL]
  volumeMounts:
    - {name: frr-startup, mountPath: /tmp/frr}
    - {name: frr-conf, mountPath: /etc/frr}
{{- end }}

{{/* Copies one of our own files to where FRR's image finds it; the argument is
(root, image key, name of the volume, command). */}}
{{- define "metallb.copyInit" -}}
{{- $root := index . 0 -}}
{{- $volume := index . 2 -}}
- name: {{ print "cp-" $volume | quote }}
  image: {{ include "metallb.image" (list $root (index . 1)) | quote }}
  imagePullPolicy: {{ $root.Values.images.pullPolicy | quote }}
  terminationMessagePolicy: FallbackToLogsOnError
  command: {{ toJson (index . 3) }}
  resources:
    requests: {cpu: 5m, memory: 32Mi}
  {{- include "metallb.confined" . | nindent 2 }}
    capabilities:
      drop: [ALL]
  volumeMounts:
    - {name: {{ $volume | quote }}, mountPath: {{ print "/etc/frr_" $volume | quote }}}
{{- end }}

{{/* What FRR starts from: which daemons, listening where; the argument is (root, options of zebra). */}}
{{- define "metallb.frrStartup" -}}
daemons: |
  # watchfrr and zebra always run; MetalLB needs BGP and BFD besides.
  bgpd=yes
  bfdd=yes
  vtysh_enable=yes
  zebra_options="-A 127.0.0.1 {{ index . 1 }}-s 90000000 --limit-fds 100000"
  # Port 0: connections are opened by MetalLB, never accepted.
  bgpd_options="-A 127.0.0.1 -p 0 --limit-fds 100000"
  staticd_options="-A 127.0.0.1 --limit-fds 100000"
  bfdd_options="-A 127.0.0.1 --limit-fds 100000"
frr.conf: |
  ! replaced as soon as there is a configuration
  log {{ ternary "file /etc/frr/frr.log" "stdout" (index . 0).Values.legacy }} informational
vtysh.conf: |
  service integrated-vtysh-config
sessions-up.sh: |
  {{- (index . 0).Files.Get "files/sessions-up.sh" | nindent 2 }}
{{- end }}

{{/* What FRR reads of it only when it starts, and is not started anew for. */}}
{{- define "metallb.frrWaits" -}}
session-timeout: {{ .Values.speaker.updateStrategy.sessionTimeoutSeconds | quote }}
{{- end }}
