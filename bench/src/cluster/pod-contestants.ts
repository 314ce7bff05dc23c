import {
  MUTATING_POLICIES_PATH,
  MUTATING_POLICY_BINDINGS_PATH,
  NAMESPACES_PATH,
  podsPath,
  WEBHOOK_CONFIGURATIONS_PATH,
} from '@ecr-pull-secrets/kube/object-names.ts';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { createKubeApi, type KubeApi, type Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Webhook, type WebhookPlace, webhookPlace } from '../processes/webhooks.ts';
import type { World } from './contestants.ts';
import { readPod } from './pods.ts';

/** What adds the name of the secret to the pods of a namespace, which has the same name. */
export const CONTESTANTS = ['ours', 'policy', 'neither', 'limit'] as const;
export type Contestant = (typeof CONTESTANTS)[number];

/** By its value a webhook or a policy selects the namespace. */
const CONTESTANT_LABEL = 'bench.example/contestant';

/** How the two webhooks start. */
export type Starts = Readonly<Record<'ours' | 'limit', (place: WebhookPlace) => Promise<Webhook>>>;

/** `webhooks[].name`, which the metrics of the API server contain. */
export function webhookNameOf(contestant: keyof Starts): string {
  return `${contestant}.bench.example`;
}

/**
 * Sets up a namespace for each contestant, so that they create pods in turn in one cluster. The webhook configuration
 * and the policy of the chart select one each, and a copy of the former leads to the limit.
 *
 * @returns the webhooks, to be ended
 */
export async function setUpContestants({ bench, cluster }: World, starts: Starts): Promise<readonly Webhook[]> {
  const api = createKubeApi(cluster.client);
  for (const name of CONTESTANTS) {
    const labels = { [INJECT_LABEL]: 'enabled', [CONTESTANT_LABEL]: name };
    await api.create(NAMESPACES_PATH, { metadata: { name, labels } });
    // The controllers, which do not run, would create it.
    await api.create(`${NAMESPACES_PATH}/${name}/serviceaccounts`, { metadata: { name: 'default' } });
  }
  const { webhooks } = await api.get<{ webhooks: readonly WebhookEntry[] }>(OWN_CONFIGURATION_PATH);
  const started: Webhook[] = [];
  for (const contestant of ['ours', 'limit'] as const) {
    const { clusterIP: host, port } = await createService(api, contestant);
    const { caPem, ...place } = await webhookPlace(bench, { serviceName: contestant, namespace: SERVICES });
    started.push(await starts[contestant]({ ...place, host, port }));
    const clientConfig = {
      service: { name: contestant, namespace: SERVICES, path: '/mutate', port },
      caBundle: Buffer.from(caPem).toString('base64'),
    };
    const entries = webhooks.map((entry) => copyFor(entry, contestant, clientConfig));
    const kind = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'MutatingWebhookConfiguration' };
    await api.create(WEBHOOK_CONFIGURATIONS_PATH, { ...kind, metadata: { name: contestant }, webhooks: entries });
  }
  await api.remove(OWN_CONFIGURATION_PATH);
  await selectByPolicy(api);
  for (const contestant of CONTESTANTS) await untilInjected(api, contestant);
  return started;
}

const SERVICES = PRODUCT_NAME;
const OWN_CONFIGURATION_PATH = `${WEBHOOK_CONFIGURATIONS_PATH}/${PRODUCT_NAME}`;

interface Selecting {
  readonly namespaceSelector: { readonly matchLabels: Readonly<Record<string, string>> };
}

type WebhookEntry = Manifest & Selecting;

function selecting({ namespaceSelector }: Selecting, contestant: Contestant): Selecting {
  const matchLabels = { ...namespaceSelector.matchLabels, [CONTESTANT_LABEL]: contestant };
  return { namespaceSelector: { ...namespaceSelector, matchLabels } };
}

/** With `Fail`, so that a call that fails is a pod that fails. */
function copyFor(entry: WebhookEntry, contestant: keyof Starts, clientConfig: Manifest): Manifest {
  const name = webhookNameOf(contestant);
  return { ...entry, ...selecting(entry, contestant), name, clientConfig, failurePolicy: 'Fail' };
}

/** The addresses of Services are those of this machine, so a process listens there and no pod is needed. */
async function createService(api: KubeApi, name: string) {
  const port = await findFreePort();
  const { spec } = await api.create<{ spec: { clusterIP: string } }>(`${NAMESPACES_PATH}/${SERVICES}/services`, {
    metadata: { name },
    spec: { ports: [{ port }] },
  });
  return { clusterIP: spec.clusterIP, port };
}

async function selectByPolicy(api: KubeApi): Promise<void> {
  const path = `${MUTATING_POLICIES_PATH}/${PRODUCT_NAME}`;
  const { spec } = await api.get<{ spec: { matchConstraints: Selecting } }>(path);
  await api.merge(path, { spec: { matchConstraints: selecting(spec.matchConstraints, 'policy') } });
  // The chart has it.
  await api.get(`${MUTATING_POLICY_BINDINGS_PATH}/${PRODUCT_NAME}`);
}

/** The API server learns of a webhook and of a policy a moment later. */
async function untilInjected(api: KubeApi, contestant: Contestant): Promise<void> {
  const pod = await readPod('trial');
  const isExpected = contestant !== 'neither';
  await eventually(`pods in namespace ${contestant} ${isExpected ? 'have' : 'lack'} the name`, async () => {
    const { spec } = await api.create<{ spec: { imagePullSecrets?: unknown } }>(podsPath(contestant), pod, {
      dryRun: 'All',
    });
    if ('imagePullSecrets' in spec !== isExpected) throw new Error(JSON.stringify(spec.imagePullSecrets));
  });
}
