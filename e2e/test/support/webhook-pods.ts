import assert from 'node:assert/strict';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { countReviews, readReplicas, type Replica } from './replicas.ts';

/** What a certificate must be good for: whom the API server expects behind the Service. */
export const SERVER_NAME = `${PRODUCT_NAME}.${PRODUCT_NAME}.svc`;

/** Where each webhook listens for reviews, at its pod's address. */
export const WEBHOOK_PORT = 10_250;

/** The replicas that a Service may lead to. */
export async function webhookPods(playground: Playground): Promise<readonly Replica[]> {
  return (await readReplicas(playground)).filter(({ isReady }) => isReady);
}

/** How many reviews each of them has answered since it started, by name. */
export async function countReviewsByPod(playground: Playground): Promise<ReadonlyMap<string, number>> {
  const pods = await webhookPods(playground);
  return new Map(await Promise.all(pods.map(async (pod) => [pod.name, await countReviews(pod)] as const)));
}

/** At the pace of the load a second's: more than chance. */
export const ENOUGH_REVIEWS = 20;

/** Two replicas while there is load. */
export interface CalledPods {
  /** The one to which the API server's connection leads. */
  readonly called: Replica;
  readonly other: Replica;
}

/**
 * Finds out which of two replicas the API server calls, while there is load. It keeps a connection for as
 * long as it can, so that the other one may never hear of it.
 *
 * @throws if neither answers `ENOUGH_REVIEWS`, or there are not two
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
