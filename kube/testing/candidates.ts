import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import type { FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { runLeaderElection } from '../src/leader-election.ts';
import type { Lease, LeaseStore } from '../src/lease.ts';

export const silent = createLogger({
  level: 'silent',
  format: 'json',
  name: 'test',
  destination: { write: () => {} },
});

interface WatchFailure {
  /** Of every request. */
  error: Error | undefined;
  /** Of writes alone. */
  writeError: Error | undefined;
  /** The next write counts, but says that it failed. */
  answerLost: Error | undefined;
}

/** One lease in memory that refuses a write over a version that is not the last, as the API server does. */
export function createMemoryStore() {
  let lease: Lease | undefined;
  let version = 0;
  const trouble: WatchFailure = { error: undefined, writeError: undefined, answerLost: undefined };
  const store: LeaseStore = {
    read: async () => {
      if (trouble.error) throw trouble.error;
      return lease;
    },
    write: async (previous, spec) => {
      const refused = trouble.error ?? trouble.writeError;
      if (refused) throw refused;
      if (previous?.metadata.resourceVersion !== lease?.metadata.resourceVersion) {
        throw createError('ECRPS_LEASE_LOST', 'conflict');
      }
      lease = { metadata: { name: 'l', resourceVersion: String(++version) }, spec };
      const { answerLost } = trouble;
      trouble.answerLost = undefined;
      if (answerLost) throw answerLost;
      return lease;
    },
  };
  return { store, trouble, holder: () => lease?.spec?.holderIdentity };
}

/** Takes part, and keeps what became of it. */
export function candidate(identity: string, store: LeaseStore, clock: FakeClock, logger = silent) {
  const stop = new AbortController();
  const history: string[] = [];
  const done = runLeaderElection({
    store,
    identity,
    clock,
    random: () => 1,
    logger,
    signal: stop.signal,
    lead: async ({ signal }) => {
      history.push('led');
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      history.push('stopped');
    },
  });
  return { stop: () => stop.abort(), done, history };
}
