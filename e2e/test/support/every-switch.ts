import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';

/** Objects that the values below name; a test makes them before it installs. */
export const EXISTING = {
  serviceAccount: 'mine',
  caCerts: 'corporate-ca-certs',
  proxy: 'corporate-proxy',
  priorityClass: 'mine',
  runtimeClass: 'mine',
} as const;

/** A label that pods need for injection with the values below. */
export const POD_LABELS = { 'needs-ecr': 'yes' };

/** Every switch of the chart that works on any cluster, none at its default. */
export const EVERY_SWITCH: Manifest = {
  replicaCount: 3,
  revisionHistoryLimit: 1,
  updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 2 } },
  global: { imagePullSecrets: [{ name: 'umbrella' }], registry: 'for-others.example' },
  imagePullSecrets: ['one', { name: 'two' }],
  commonLabels: { team: 'platform', 'app.kubernetes.io/name': 'never' },
  podLabels: { cost: 'shared', 'app.kubernetes.io/instance': 'never' },
  podAnnotations: { 'example.com/note': 'x', 'eks.amazonaws.com/skip-containers': 'x, y' },
  deploymentAnnotations: { 'reloader.stakater.com/auto': 'true', 'example.com/release': '{{ .Release.Name }}' },
  deploymentLabels: { tier: 'infrastructure' },
  hostUsers: true,
  podSecurityContext: { fsGroupChangePolicy: 'OnRootMismatch', runAsUser: 10_000 },
  securityContext: { runAsGroup: 10_000 },
  nodeSelector: { 'kubernetes.io/arch': 'amd64' },
  affinity: {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [
        { weight: 1, podAffinityTerm: { topologyKey: 'kubernetes.io/hostname' } },
      ],
    },
  },
  tolerations: { key: 'spot', operator: 'Exists' },
  topologySpreadConstraints: [
    { topologyKey: 'kubernetes.io/hostname', maxSkew: 2, whenUnsatisfiable: 'ScheduleAnyway' },
  ],
  priorityClassName: EXISTING.priorityClass,
  dnsPolicy: 'ClusterFirst',
  dnsConfig: { options: [{ name: 'ndots', value: '2' }] },
  hostAliases: [{ ip: '10.0.0.9', hostnames: ['api.ecr.example'] }],
  runtimeClassName: EXISTING.runtimeClass,
  schedulerName: 'theirs',
  extraObjects: [
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: '{{ include "ecr-pull-secrets.fullname" . }}-extra',
        namespace: '{{ .Release.Namespace }}',
        labels: { team: '{{ .Values.commonLabels.team }}' },
      },
    },
    [
      'apiVersion: v1',
      'kind: ConfigMap',
      'metadata:',
      '  name: as-text',
      '  namespace: {{ .Release.Namespace }}',
      '  labels: {team: platform}',
      'data: {release: {{ .Release.Name }}}',
    ].join('\n'),
  ],
  extraVolumes: [{ name: 'scratch', emptyDir: {} }],
  serviceAccount: { create: false, name: EXISTING.serviceAccount },
  proxy: { existingSecret: EXISTING.proxy, noProxy: ['10.0.0.0/8', '.svc'] },
  extraCaCerts: { configMap: EXISTING.caCerts, key: 'corporate.pem' },
  service: {
    annotations: { 'example.com/note': 'x' },
    ipFamilyPolicy: 'SingleStack',
    ipFamilies: ['IPv4'],
  },
  log: { level: 'debug', format: 'text' },
  podDisruptionBudget: { maxUnavailable: 1 },
  optOut: 'delete',
  canary: false,
  deploymentEvents: false,
  foreignSecrets: 'take-over',
  routineWritesPerSecond: 10,
  excludeNamespace: 'excluded-*',
  targetNamespace: 'by-name',
  namespaceRoles: [{ roleArn: 'arn:aws:iam::123456789012:role/team-a', namespaces: 'team-a' }],
  missedPods: { enabled: false, evict: true },
  injection: {
    timeoutSeconds: 10,
    registryHosts: ['registry.example.com'],
    injectAll: true,
    objectSelector: {
      matchLabels: POD_LABELS,
      matchExpressions: [{ key: 'frozen', operator: 'DoesNotExist' }],
    },
    matchConditions: [{ name: 'not-frozen', expression: "object.metadata.?name.orValue('') != 'frozen'" }],
    annotations: { 'example.com/note': 'x' },
  },
  webhook: {
    startupProbe: { periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { initialDelaySeconds: 1 },
    readinessProbe: { failureThreshold: 4 },
    extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=100' }],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    resources: { limits: { cpu: '2', memory: '0.5Gi' } },
  },
  renewer: {
    startupProbe: { periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { periodSeconds: 9 },
    extraEnvFrom: [{ configMapRef: { name: EXISTING.caCerts }, prefix: 'CORPORATE_' }],
    extraVolumeMounts: [{ name: 'scratch', mountPath: '/scratch' }],
    resources: { limits: { memory: '600M' } },
  },
  networkPolicy: {
    enabled: true,
    metricsFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } }],
    dnsPorts: [53, 1053],
    egressPorts: [443, 8443],
    instanceMetadata: true,
    extraIngress: [{ ports: [{ port: 9999 }] }],
    extraEgress: [{ ports: [{ port: 3128 }] }],
  },
  podMonitor: { enabled: true, interval: '15s', labels: { release: 'prometheus' } },
  serviceMonitor: { enabled: true, endpoint: { scrapeTimeout: '5s' } },
  prometheusRule: {
    enabled: true,
    labels: { release: 'prometheus' },
    alertLabels: { team: 'platform', severity: 'page' },
    disabled: ['EcrPullSecretsWebhookSlow'],
    extraRules: [{ record: 'ours:leaders', expr: 'sum(ecr_pull_secrets_leader)' }],
  },
  helmTest: { withinSeconds: 30, podLabels: { thawed: 'yes' } },
  grafanaDashboard: { enabled: true, annotations: { grafana_folder: 'Platform' } },
};
