import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { TOKENS_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import type { Webhook } from '../../../src/cluster/objects.ts';
import type { Read } from '../../../src/cluster/read.ts';
import type { NamespaceOverview } from '../../../src/status/namespace-state.ts';
import type { ReleaseState } from '../../../src/status/release-state.ts';
import { settingsOf } from '../../../src/status/settings.ts';
import { type DeploymentObject, type Workload, workloadOfDeployment } from '../../../src/status/workload.ts';
import { WEBHOOK } from '../../explain/support/world.ts';

export const NOW_MS = Date.parse('2026-11-30T12:00:00Z');
export const HOUR_MS = 3_600_000;
const REGISTRY = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** The CA that API servers trust. */
export const CA = await createCa({ commonName: 'ours', now: new Date(NOW_MS) });

/** The webhook with this bundle. */
export function webhookWith(caPem: string): Webhook {
  return {
    ...WEBHOOK,
    clientConfig: { ...WEBHOOK.clientConfig, caBundle: Buffer.from(caPem).toString('base64') },
  };
}

export function at(hours: number): string {
  return new Date(NOW_MS + hours * HOUR_MS).toISOString();
}

/** A Deployment as the chart makes it. */
export function deploymentWith(changes: Partial<DeploymentObject> = {}): DeploymentObject {
  return {
    metadata: {
      name: 'ecr-pull-secrets',
      namespace: 'ecr-pull-secrets',
      labels: {
        'app.kubernetes.io/instance': 'ecr-pull-secrets',
        'app.kubernetes.io/version': '0.1.0',
        'helm.sh/chart': 'ecr-pull-secrets-0.1.0',
      },
    },
    spec: {
      replicas: 2,
      template: {
        spec: {
          serviceAccountName: 'ecr-pull-secrets',
          containers: [
            { name: 'webhook', image: 'example/ecr-pull-secrets:0.1.0' },
            { name: 'renewer', image: 'example/ecr-pull-secrets:0.1.0' },
          ],
        },
      },
    },
    status: { readyReplicas: 2, updatedReplicas: 2 },
    ...changes,
  };
}

export function releaseWith(workload: Read<Workload>) {
  return { namespace: 'ecr-pull-secrets', name: 'ecr-pull-secrets', helmName: 'ecr-pull-secrets', workload };
}

export function overviewWith(changes: Partial<NamespaceOverview> = {}): NamespaceOverview {
  return {
    total: 2,
    states: { expired: 0, missing: 0, foreign: 0, edited: 0, expiring: 0, pending: 0, current: 2 },
    worst: [],
    withoutEffect: { total: 0, some: [] },
    toTry: ['payments'],
    firstExpiryMs: NOW_MS + 9 * HOUR_MS,
    ...changes,
  };
}

/** The metadata of a checkpoint with tokens of some ages in hours. */
export function checkpointWith(...tokens: readonly { readonly age: number; readonly role?: string }[]) {
  const summaries = tokens.map(({ age, role }) => ({
    registry: REGISTRY,
    role,
    obtainedAt: at(-age),
    expiresAt: at(12 - age),
  }));
  const annotations = { [TOKENS_ANNOTATION]: JSON.stringify(summaries) };
  return { found: { metadata: { name: 'ecr-pull-secrets-tokens', annotations } } };
}

const SUFFIXES = ['secrets', 'events', 'webhook-configuration'];

const IDENTITY = {
  name: 'is-our-own-identity',
  expression: 'request.userInfo.?username.orValue("") == "system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets"',
};

function policyOf(suffix: string, condition: typeof IDENTITY) {
  const metadata = { name: `ecr-pull-secrets-${suffix}` };
  return { metadata, spec: { failurePolicy: 'Fail', matchConditions: [condition] } };
}

function bindingOf(suffix: string, ...validationActions: readonly string[]) {
  const name = `ecr-pull-secrets-${suffix}`;
  return { metadata: { name }, spec: { policyName: name, validationActions } };
}

/** The fence as the chart makes it, and the check of new pods, which does not belong to it. */
export const FENCE = {
  policies: {
    found: [
      ...SUFFIXES.map((suffix) => policyOf(suffix, IDENTITY)),
      policyOf('check', { name: 'not-a-mirror-pod', expression: 'true' }),
    ],
  },
  bindings: {
    found: [...SUFFIXES.map((suffix) => bindingOf(suffix, 'Deny', 'Audit')), bindingOf('check', 'Warn', 'Audit')],
  },
};

/** A release in which everything is as it must be, and changes to it. */
export function stateWith(changes: Partial<ReleaseState> = {}): ReleaseState {
  return {
    release: releaseWith({ found: workloadOfDeployment(deploymentWith()) }),
    settings: settingsOf({}),
    invalid: undefined,
    nowMs: NOW_MS,
    webhooks: { found: [{ metadata: { name: 'ecr-pull-secrets' }, webhooks: [WEBHOOK] }] },
    webhook: webhookWith(CA.certificatePem),
    mutatingPolicies: { missing: true },
    lease: {
      lease: {
        found: {
          metadata: { name: 'ecr-pull-secrets' },
          spec: { holderIdentity: 'pod-1_uid', acquireTime: at(-30), renewTime: at(0), leaseDurationSeconds: 15 },
        },
      },
      isRenewed: true,
    },
    registries: { found: [] },
    events: { found: [] },
    checkpoint: checkpointWith({ age: 1 }),
    namespaces: { found: overviewWith() },
    reasons: new Map(),
    attempt: { namespace: 'payments', pullSecrets: { found: ['ecr-pull-secrets-status', 'ecr-pull-secret'] } },
    unreachable: undefined,
    counts: { found: { calls: 10, failedOpen: 0, rejected: 0 } },
    servedChain: undefined,
    policies: FENCE,
    ...changes,
  };
}
