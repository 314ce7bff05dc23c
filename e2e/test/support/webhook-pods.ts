import assert from 'node:assert/strict';
import { METRIC_PREFIX, PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '../../src/playground/eventually.ts';
import type { Pod } from '../../src/playground/kube-api.ts';
import type { Playground } from '../../src/playground/playground.ts';
import { OPS_PORTS } from '../../src/playground/ports.ts';

/** What a certificate must be good for: whom the API server expects behind the Service. */
export const SERVER_NAME = `${PRODUCT_NAME}.${PRODUCT_NAME}.svc`;

/** Where each webhook listens for reviews, at its pod's address. */
export const WEBHOOK_PORT = 10_250;

/** A replica whose pod is ready, past the Service. */
export interface WebhookPod {
  readonly name: string;
  /** Its loopback address. */
  readonly host: string;
}

/** The pods that a Service may lead to. */
export async function webhookPods({ api, node }: Playground): Promise<readonly WebhookPod[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(
    `/api/v1/namespaces/${PRODUCT_NAME}/pods`,
    { labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}` },
  );
  return pods
    .filter(({ status }) => status?.conditions?.some(isReady))
    .map(({ metadata, status }) => {
      const host = node.toLoopback(status?.podIP ?? '');
      assert.ok(host, `the address of ${metadata.name}`);
      return { name: metadata.name, host };
    });
}

function isReady({ type, status }: { readonly type: string; readonly status: string }): boolean {
  return type === 'Ready' && status === 'True';
}

/** How many reviews a replica's webhook has answered since it started, by its own count. */
async function countReviews({ host }: WebhookPod): Promise<number> {
  const response = await fetch(`http://${host}:${OPS_PORTS.webhook}/metrics`);
  const name = `${METRIC_PREFIX}admission_requests_total`;
  const samples = [...(await response.text()).matchAll(new RegExp(`^${name}{.*} (\\d+)$`, 'gm'))];
  assert.ok(samples.length > 0, `${name} of ${host}`);
  return samples.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** The same of all replicas, by name. */
export async function countReviewsByPod(
  playground: Playground,
): Promise<ReadonlyMap<string, number>> {
  const pods = await webhookPods(playground);
  return new Map(
    await Promise.all(pods.map(async (pod) => [pod.name, await countReviews(pod)] as const)),
  );
}

/** At the pace of the load a second's: more than chance. */
export const ENOUGH_REVIEWS = 20;

/** Two replicas while there is load. */
export interface CalledPods {
  /** The one to which the API server's connection leads. */
  readonly called: WebhookPod;
  readonly other: WebhookPod;
}

/**
 * Finds out which of two replicas the API server calls, while there is load. It keeps a connection for as
 * long as it can, so that the other one may never hear of it.
 *
 * @throws where neither answers `ENOUGH_REVIEWS`, or there are not two
 */
export async function findCalledPod(playground: Playground): Promise<CalledPods> {
  const [first, second, ...more] = await webhookPods(playground);
  assert.ok(first && second && more.length === 0, 'there are two replicas');
  const before = [await countReviews(first), await countReviews(second)] as const;
  return eventually('the API server calls one of the replicas', async () => {
    const byFirst = (await countReviews(first)) - before[0];
    const bySecond = (await countReviews(second)) - before[1];
    assert.ok(Math.max(byFirst, bySecond) >= ENOUGH_REVIEWS, `reviews: ${byFirst}, ${bySecond}`);
    return byFirst > bySecond ? { called: first, other: second } : { called: second, other: first };
  });
}
