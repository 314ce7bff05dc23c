import type { Test } from 'tap';
import { registryHost } from '../../src/ecr-stand-in/registry-host.ts';
import { type EcrStandIn, type EcrStandInOptions, startEcrStandIn } from '../../src/ecr-stand-in/server.ts';

export const HOUR_MS = 3_600_000;

/** Users of two accounts. */
export const ALICE = {
  account: '111111111111',
  accessKeyId: 'AKIAALICE',
  secretAccessKey: 'alice-key',
};
export const BOB = { account: '222222222222', accessKeyId: 'AKIABOB', secretAccessKey: 'bob-key' };

export const ALICE_HOST = registryHost(ALICE.account, 'us-east-1');

/** A stand-in with both users, until the test is over. */
export async function start(t: Test, options: EcrStandInOptions = {}): Promise<EcrStandIn> {
  const standIn = await startEcrStandIn({ identities: [ALICE, BOB], ...options });
  t.teardown(() => standIn.close());
  return standIn;
}

/** What a client of Alice's needs to request a token of us-east-1. */
export function alice({ endpoint }: EcrStandIn) {
  return { endpoint, region: 'us-east-1', credentials: ALICE };
}
