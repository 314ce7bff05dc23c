import type { Lease } from '@ecr-pull-secrets/kube/lease.ts';
import { leasePath } from '@ecr-pull-secrets/kube/object-names.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { World } from './contestants.ts';
import type { Renewer } from './renewer.ts';

/** Another renewer may take the lease after 15 s. */
const STOPPED_MS = 20_000;
const BETWEEN_STOPS_MS = 25_000;
const POLL_MS = 250;

/** After so long without another leader something is wrong. */
const TAKEN_OVER_WITHIN_MS = 120_000;

/**
 * Stops the leader past its lease again and again, as a machine that is suspended does, and continues it while another
 * one leads.
 *
 * @returns how often
 */
export async function stopLeaders(world: World, renewers: readonly Renewer[], untilMs: number): Promise<number> {
  let stops = 0;
  while (performance.now() + BETWEEN_STOPS_MS + STOPPED_MS < untilMs) {
    await systemClock.sleep(BETWEEN_STOPS_MS);
    const leader = await leaderOf(world, renewers);
    if (!leader) continue;
    process.kill(leader.pid, 'SIGSTOP');
    try {
      await systemClock.sleep(STOPPED_MS);
      await untilAnotherLeads(world, renewers, leader);
      stops++;
    } finally {
      process.kill(leader.pid, 'SIGCONT');
    }
  }
  await systemClock.sleep(Math.max(0, untilMs - performance.now()));
  return stops;
}

async function untilAnotherLeads(world: World, renewers: readonly Renewer[], stopped: Renewer): Promise<void> {
  const deadlineMs = performance.now() + TAKEN_OVER_WITHIN_MS;
  for (;;) {
    const leader = await leaderOf(world, renewers);
    if (leader && leader !== stopped) return;
    if (performance.now() > deadlineMs) throw new Error('no other renewer leads');
    await systemClock.sleep(POLL_MS);
  }
}

async function leaderOf({ cluster }: World, renewers: readonly Renewer[]): Promise<Renewer | undefined> {
  const path = leasePath(PRODUCT_NAME, PRODUCT_NAME);
  const { spec } = await cluster.client.request<Lease>({ method: 'GET', path });
  return renewers.find(({ name }) => spec?.holderIdentity?.startsWith(name));
}
