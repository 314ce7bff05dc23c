import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import type { FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { type Leadership, runLeaderElection } from '../src/leader-election.ts';
import type { Lease, LeaseStore } from '../src/lease.ts';

export const silent = createLogger({
  level: 'silent',
  format: 'json',
  name: 'test',
  destination: { write: () => {} },
});

interface Faults {
  /** Of every request. */
  error: Error | undefined;
  /** Of writes alone. */
  writeError: Error | undefined;
  /** The next write counts, but its response is lost. */
  responseLost: Error | undefined;
}

/** One lease in memory that refuses a write over a version that is not the last, as the API server does. */
export function createMemoryStore() {
  let lease: Lease | undefined;
  let version = 0;
  const faults: Faults = { error: undefined, writeError: undefined, responseLost: undefined };
  const store: LeaseStore = {
    read: async () => {
      if (faults.error) throw faults.error;
      return lease;
    },
    write: async (previous, spec) => {
      const refused = faults.error ?? faults.writeError;
      if (refused) throw refused;
      if (previous?.metadata.resourceVersion !== lease?.metadata.resourceVersion) {
        throw createError('ECRPS_LEASE_LOST', 'conflict');
      }
      lease = { metadata: { name: 'l', resourceVersion: String(++version) }, spec };
      const { responseLost } = faults;
      faults.responseLost = undefined;
      if (responseLost) throw responseLost;
      return lease;
    },
  };
  return { store, faults, holder: () => lease?.spec?.holderIdentity };
}

/** Takes part in an election, and records its history. */
export function candidate(identity: string, store: LeaseStore, clock: FakeClock, logger = silent) {
  const stop = new AbortController();
  const history: string[] = [];
  const lead = async ({ signal }: Leadership): Promise<void> => {
    history.push('led');
    await new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    history.push('stopped');
  };
  const dependencies = { store, clock, random: () => 1, logger };
  const done = runLeaderElection(dependencies, { identity, lead }, stop.signal);
  return { stop: () => stop.abort(), done, history };
}
