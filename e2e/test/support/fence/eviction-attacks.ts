import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { KubeApi, Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Attack, PLACES } from './attack.ts';

/** A pod in a namespace that opted in, and one in a namespace that did not. */
export type Victims = Readonly<Record<'served' | 'account', ObjectMeta>>;

export async function createVictims(api: KubeApi): Promise<Victims> {
  const spec = { containers: [{ name: 'app', image: 'docker.io/library/nginx' }] };
  const create = async (namespace: string) => {
    const { metadata } = await api.createPod(namespace, { metadata: { name: 'victim' }, spec });
    return metadata;
  };
  return { served: await create(PLACES.served), account: await create(PLACES.account) };
}

function evict({ name, namespace = '' }: ObjectMeta, deleteOptions: Manifest): Attack[1] {
  return {
    method: 'POST',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`,
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions },
  };
}

function preconditionsOf({ uid, resourceVersion }: ObjectMeta): Manifest {
  return { preconditions: { uid, resourceVersion } };
}

/** With the right to evict pods. */
export function evictionAttacks({ served, account }: Victims): readonly Attack[] {
  return [
    ['evicts a pod of a namespace that did not opt in', evict(account, preconditionsOf(account))],
    ['evicts a pod without naming its version', evict(served, {})],
    ['evicts a pod without its grace period', evict(served, { ...preconditionsOf(served), gracePeriodSeconds: 0 })],
  ];
}

/** What the fence cannot refuse. */
export function possibleEviction({ served }: Victims): Attack {
  return [
    'evicts pods of namespaces that opted in, within their budgets, if `missedPods.evict` is true',
    evict(served, preconditionsOf(served)),
  ];
}
