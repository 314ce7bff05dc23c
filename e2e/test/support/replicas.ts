import assert from 'node:assert/strict';
import { METRIC_PREFIX, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { OPS_PORTS } from '@ecr-pull-secrets/testbed/playground/ports.ts';

/** One pod of the Deployment. */
export interface Replica {
  readonly name: string;
  /** Of its image: which build it is. */
  readonly tag: string;
  /** Whether the Service sends it calls; one that is going may have some left for a moment. */
  readonly isReady: boolean;
  readonly isGoing: boolean;
  /** Its loopback address; empty before it has one. */
  readonly host: string;
}

/** All that there are, those that are going too. */
export async function readReplicas({ api, node }: Playground): Promise<readonly Replica[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`, {
    labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}`,
  });
  return pods.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    tag: spec.containers[0]?.image.split(':').at(-1) ?? '',
    isReady: status?.conditions?.some(isTrueReady) ?? false,
    isGoing: metadata.deletionTimestamp !== undefined,
    host: node.toLoopback(status?.podIP ?? '') ?? '',
  }));
}

function isTrueReady({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return type === 'Ready' && status === 'True';
}

/** How many reviews its webhook has answered since it started, by its own count. */
export async function countReviews({ host }: Pick<Replica, 'host'>): Promise<number> {
  const response = await fetch(`http://${host}:${OPS_PORTS.webhook}/metrics`);
  const name = `${METRIC_PREFIX}admission_requests_total`;
  const samples = [...(await response.text()).matchAll(new RegExp(`^${name}{.*} (\\d+)$`, 'gm'))];
  assert.ok(samples.length > 0, `${name} of ${host}`);
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}
