import assert from 'node:assert/strict';
import { INJECT_LABEL, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { startImageRewriter } from './image-rewriter.ts';
import {
  ECR_IMAGE,
  EXCLUDED,
  type InjectionCase,
  LABELLED,
  NOT_EXCLUDED,
  podWith,
  REWRITTEN,
  REWRITTEN_PREFIX,
  SYSTEM,
  UNLABELLED,
} from './injection-cases/case.ts';
import type { InjectionGroup } from './injection-cases/groups.ts';
import { SECRET } from './pull-secret.ts';

/** What the API server made of a pod. */
export interface CreatedPod {
  readonly result: InjectionCase['result'];
  /** The answer as text, without what differs from one pod to the next whatever happens to it. */
  readonly answer: string;
}

/** Whether there is a release or not, and to the end. */
const CALMLY = ['--ignore-not-found', '--wait'];

export type InjectionMode = 'webhook' | 'policy';

/** A cluster with the namespaces of the cases. */
export interface InjectionWorld {
  /** Installs with a group's values, and returns once these count. */
  install(mode: InjectionMode, group: Pick<InjectionGroup, 'values' | 'sentinel'>): Promise<void>;
  /** Uninstalls, and returns once nothing injects any longer. */
  uninstall(): Promise<void>;
  /** Creates a case's pod. */
  create(pod: Pick<InjectionCase, 'namespace' | 'pod'>): Promise<CreatedPod>;
  close(): Promise<void>;
}

export async function createInjectionWorld(playground: Playground): Promise<InjectionWorld> {
  const { api, client, cluster } = playground;
  const rewriter = await startImageRewriter(REWRITTEN_PREFIX);
  await createNamespaces(playground);
  await api.create(
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    rewriter.configurationFor(REWRITTEN),
  );

  const create: InjectionWorld['create'] = async ({ namespace, pod }) => {
    const { status, body } = await requestApi(
      { ...cluster, token: cluster.adminToken },
      `/api/v1/namespaces/${namespace}/pods`,
      { method: 'POST', body: { apiVersion: 'v1', kind: 'Pod', ...pod } },
    );
    const result = status === 201 ? secretsOf(JSON.parse(body)) : status;
    return { result, answer: withoutAccidents(body) };
  };

  async function becomes(namespace: string, image: string, result: InjectionCase['result']): Promise<void> {
    const pod = podWith({ containers: [{ name: 'app', image }] });
    await eventually(`the pull secrets of ${image} in ${namespace}`, async () =>
      assert.deepEqual((await create({ namespace, pod })).result, result),
    );
  }

  return {
    install: async (mode, { values, sentinel }) => {
      // A second replica might go on with other values for a moment.
      const { injection, ...others } = values;
      await playground.install({ ...others, replicaCount: 1, injection: { ...injection, mode } });
      await eventually('the old replica is gone', async () => assert.equal(await countReplicas(playground), 1));
      await becomes(LABELLED, sentinel, [SECRET]);
      // The webhook hears of excluded namespaces from the renewer, in its own time.
      if (values.excludeNamespace !== undefined) await becomes(EXCLUDED[0], sentinel, []);
    },
    uninstall: async () => {
      await cluster.helm(['uninstall', PRODUCT_NAME, '--namespace', PRODUCT_NAME, ...CALMLY]);
      await becomes(LABELLED, ECR_IMAGE, []);
      const path = `/api/v1/namespaces/${LABELLED}/pods`;
      await client.request({ method: 'DELETE', path, query: { gracePeriodSeconds: '0' } });
    },
    create,
    close: () => rewriter.close(),
  };
}

export function secretsOf({ spec }: Pod): readonly (string | undefined)[] {
  return (spec.imagePullSecrets ?? []).map(({ name }) => name);
}

async function createNamespaces({ api }: Playground): Promise<void> {
  await api.createNamespace(UNLABELLED, { injected: false });
  for (const name of [LABELLED, REWRITTEN, ...EXCLUDED, ...NOT_EXCLUDED]) {
    await api.createNamespace(name);
  }
  for (const name of SYSTEM) {
    const metadata = { labels: { [INJECT_LABEL]: 'enabled' } };
    await api.merge(`/api/v1/namespaces/${name}`, { metadata });
  }
  await api.create(`/api/v1/namespaces/${LABELLED}/serviceaccounts`, {
    metadata: { name: 'puller' },
    imagePullSecrets: [{ name: 'mine' }, { name: 'ours' }],
  });
}

async function countReplicas({ api }: Playground): Promise<number> {
  const labelSelector = `app.kubernetes.io/name=${PRODUCT_NAME}`;
  const pods = await api.list(`/api/v1/namespaces/${PRODUCT_NAME}/pods`, { labelSelector });
  return pods.length;
}

/** Generated names, identities and times. */
function withoutAccidents(answer: string): string {
  return answer
    .replaceAll(/"(?:uid|resourceVersion|creationTimestamp|time)":"[^"]*"/g, '"…":"…"')
    .replaceAll(/"(name|message)":"(?:pod|generated|kube-api-access)-\w{5}"/g, '"$1":"…"')
    .replaceAll(/Pod \\"pod-\w{5}\\"/g, 'Pod …');
}
