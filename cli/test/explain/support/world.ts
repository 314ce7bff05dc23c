import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import type { AdmissionPolicy, Pod, Secret, Webhook } from '../../../src/cluster/objects.ts';
import { injectionSettingsOf } from '../../../src/cluster/release.ts';
import type { ClusterState } from '../../../src/explain/cluster-state.ts';

export const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
export const SECRET = 'ecr-pull-secret';
export const NOW_MS = Date.parse('2026-11-30T12:00:00Z');

/** The webhook as the chart makes it. */
export const WEBHOOK: Webhook = {
  name: 'inject.ecr-pull-secrets.io',
  failurePolicy: 'Ignore',
  namespaceSelector: {
    matchLabels: { [INJECT_LABEL]: 'enabled' },
    matchExpressions: [
      { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['kube-system', 'ecr-pull-secrets'] },
    ],
  },
  objectSelector: { matchExpressions: [{ key: INJECT_LABEL, operator: 'NotIn', values: ['disabled'] }] },
  matchConditions: [{ name: 'not-a-mirror-pod' }],
  clientConfig: { caBundle: 'AA==', service: { name: 'ecr-pull-secrets', namespace: 'ecr-pull-secrets' } },
};

/** The policy as the chart makes it, and changes to what it selects. */
export function policyWith(selectors: Pick<Webhook, 'namespaceSelector' | 'objectSelector'> = {}): AdmissionPolicy {
  const { namespaceSelector = {}, objectSelector = {}, matchConditions = [] } = WEBHOOK;
  const matchConstraints = { namespaceSelector, objectSelector, ...selectors };
  const mutations = [{ jsonPatch: { expression: "JSONPatch{path: '/spec/imagePullSecrets'}" } }];
  return {
    metadata: { name: 'ecr-pull-secrets' },
    spec: { failurePolicy: 'Ignore', matchConstraints, matchConditions, mutations },
  };
}

/** A pod with an ECR image and the name of the secret. */
export function podOf(metadata: Partial<Pod['metadata']> = {}, spec: object = {}): Pod {
  const usual = { imagePullSecrets: [{ name: SECRET }], containers: [{ name: 'app', image: `${REGISTRY}/app:1` }] };
  return {
    metadata: { name: 'app', creationTimestamp: '2026-11-30T11:00:00Z', ...metadata },
    spec: { ...usual, ...spec },
  };
}

/** A secret of the renewer, for some keys. */
export function secretOf(keys: readonly string[] = [REGISTRY], changes: Partial<Secret> = {}): Secret {
  const auths = Object.fromEntries(keys.map((key) => [key, { auth: Buffer.from(`AWS:${key}`).toString('base64') }]));
  return {
    metadata: { name: SECRET, annotations: { 'ecr-pull-secrets.io/expires-at': '2026-11-30T20:00:00Z' } },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
    ...changes,
  };
}

/** A namespace `payments` in which everything is as it must be, and changes to it. */
export function worldWith(changes: Partial<ClusterState> = {}): ClusterState {
  const deployment = {
    spec: { replicas: 2, template: { spec: { containers: [] } } },
    status: { readyReplicas: 2 },
  };
  return {
    subject: { namespace: 'payments', pod: 'app' },
    namespace: { found: { metadata: { name: 'payments', labels: { [INJECT_LABEL]: 'enabled' } } } },
    pod: { found: podOf() },
    pods: undefined,
    webhooks: { found: [{ metadata: { name: 'ecr-pull-secrets' }, webhooks: [WEBHOOK] }] },
    deployment: { found: deployment },
    settings: injectionSettingsOf(undefined, undefined),
    secret: { found: secretOf() },
    otherSecrets: new Map(),
    serviceAccount: { found: {} },
    events: { found: [] },
    releaseEvents: { found: [] },
    dryRun: { found: [SECRET] },
    policies: { missing: true },
    failure: undefined,
    ...changes,
  };
}

/** The same with other labels of the namespace. */
export function labelledWith(
  labels: Readonly<Record<string, string>>,
  changes: Partial<ClusterState> = {},
): ClusterState {
  return worldWith({ namespace: { found: { metadata: { name: 'payments', labels } } }, ...changes });
}

/** The same with settings in the environment of the Deployment. */
export function configuredWith(
  env: Readonly<Record<string, string>>,
  changes: Partial<ClusterState> = {},
): ClusterState {
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const containers = [{ name: 'renewer', env: variables }];
  const deployment = { spec: { template: { spec: { containers } } }, status: { readyReplicas: 1 } };
  return worldWith({
    settings: injectionSettingsOf(deployment, undefined),
    deployment: { found: deployment },
    ...changes,
  });
}
