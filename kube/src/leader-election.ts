import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { ReconcileLoopDependencies } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { createThrottledLog, type ThrottledLog } from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { type Lease, type LeaseSpec, type LeaseStore, microTime } from './lease.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** Another candidate may take the lease if it was not renewed for this long (client-go's default). */
const LEASE_DURATION_MS = 15_000;

/**
 * A leader that could not renew for this long steps down. A last request may be in flight by then, and
 * others count from when they saw the last renewal: 10 s + 3 s still is before 15 s.
 */
const RENEW_DEADLINE_MS = 10_000;

/** How often a leader renews the lease and a candidate reads it. */
const RETRY_PERIOD_MS = 2_000;

/** A request that hangs must leave time for another one before the deadline. */
export const LEASE_REQUEST_TIMEOUT_MS = 3_000;

/** From its last renewal on a leader may act for this long, requests of the renewal that fails included. */
const LEADS_AT_MOST_MS = RENEW_DEADLINE_MS + LEASE_REQUEST_TIMEOUT_MS;

interface LeaderElectionDependencies extends ReconcileLoopDependencies {
  readonly store: LeaseStore;
}

interface LeaderElectionSettings {
  /** Unique among the candidates, for instance the pod's name and a random suffix. */
  readonly identity: string;
  /** The leader's work; its signal aborts when leadership ends, and it then has to return. */
  readonly lead: (leadership: Leadership) => Promise<void>;
}

/** What a leader may rely on. */
export interface Leadership {
  readonly signal: AbortSignal;
  /**
   * Whether no other candidate can lead yet. To be checked before a write that no version protects: in a process that
   * was frozen and resumes, this is false before the timers abort the signal.
   */
  readonly isHeld: () => boolean;
}

/** One candidate. */
interface Candidate extends Omit<LeaderElectionDependencies, 'random'>, LeaderElectionSettings {
  readonly failures: ThrottledLog;
  readonly observed: Observation;
}

interface Observation {
  /** As last read or written. */
  lease: Lease | undefined;
  /** When, by our clock, the lease last differed. */
  changedAtMs: number;
  /** When we sent our last successful write: it may count from then on, even if its response comes late. */
  renewedAtMs: number;
}

/**
 * Takes part in the election until the signal aborts, and leads while it holds the lease. Releases the lease at the
 * end, so that another candidate follows with its next read.
 *
 * Follows client-go's leaderelection: a candidate trusts only its own clock, by the time at which it
 * saw the lease change.
 *
 * Its loop is its own, and not a reconcile loop: the lease must be written every two seconds, and a failure must not
 * lengthen that period.
 */
export async function runLeaderElection(
  dependencies: LeaderElectionDependencies,
  settings: LeaderElectionSettings,
  signal: AbortSignal,
): Promise<void> {
  const { store, clock, random, logger } = dependencies;
  const { identity, lead } = settings;
  const failures = createThrottledLog({ clock, logger }, 'reading or writing the lease failed; will retry');
  const now = clock.now();
  const observed: Observation = { lease: undefined, changedAtMs: now, renewedAtMs: now };
  const candidate: Candidate = { store, clock, logger, identity, lead, failures, observed };
  while (!signal.aborted) {
    if (await tryAcquire(candidate, signal)) {
      logger.info({ identity }, 'leading');
      await leadWhileHeld(candidate, signal);
      logger.info({ identity }, 'no longer leading');
    }
    // Between two and four fifths of the period, so that candidates do not collide and a released lease is acquired
    // within the period, requests included.
    await clock.sleep(RETRY_PERIOD_MS * (0.4 + 0.4 * random()), signal);
  }
}

async function tryAcquire(candidate: Candidate, signal: AbortSignal): Promise<boolean> {
  const { store, identity, clock, observed, failures } = candidate;
  try {
    const lease = await store.read(signal);
    observe(observed, lease, clock.now());
    if (isHeldByAnother(observed, identity, clock.now())) return false;
    observed.renewedAtMs = clock.now();
    const written = await store.write(lease, acquiredSpec(candidate, lease), signal);
    observe(observed, written, clock.now());
    return true;
  } catch (error) {
    const isLost = isCodedError(error, 'ECRPS_LEASE_LOST');
    if (!isLost && !signal.aborted) failures.report(error);
    return false;
  }
}

function observe(observed: Observation, lease: Lease | undefined, nowMs: number): void {
  const before = observed.lease?.metadata.resourceVersion;
  if (observed.lease === undefined || before !== lease?.metadata.resourceVersion) {
    observed.changedAtMs = nowMs;
  }
  observed.lease = lease;
}

function isHeldByAnother(observed: Observation, identity: string, nowMs: number): boolean {
  const { lease } = observed;
  const holder = lease?.spec?.holderIdentity;
  if (!holder || holder === identity) return false;
  // A clock that was set back by an hour must not make us wait for an hour.
  observed.changedAtMs = Math.min(observed.changedAtMs, nowMs);
  // No candidate of ours writes a longer one, which would keep all candidates from leading.
  const writtenMs = (lease.spec?.leaseDurationSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const durationMs = Math.min(writtenMs, LEASE_DURATION_MS);
  return nowMs < observed.changedAtMs + durationMs;
}

/** The API server takes no more than an int32. */
const MAX_TRANSITIONS = 2 ** 31 - 1;

function acquiredSpec({ identity, clock }: Candidate, lease: Lease | undefined): LeaseSpec {
  const now = microTime(clock.now());
  const transitions = lease?.spec?.leaseTransitions ?? 0;
  return {
    holderIdentity: identity,
    leaseDurationSeconds: LEASE_DURATION_MS / 1000,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: transitions < MAX_TRANSITIONS ? transitions + 1 : 0,
  };
}

async function leadWhileHeld(candidate: Candidate, signal: AbortSignal): Promise<void> {
  const { lead, logger } = candidate;
  const leadership = new AbortController();
  const leading = AbortSignal.any([signal, leadership.signal]);
  const isHeld = (): boolean => !leading.aborted && remainingMs(candidate) > 0;
  const work = lead({ signal: leading, isHeld })
    .catch((error: unknown) => logger.error({ err: error }, "the leader's work failed"))
    // Work that ended early must not hold the lease.
    .finally(() => leadership.abort());
  await renewUntilLost(candidate, leading);
  leadership.abort();
  await work;
  await release(candidate);
}

/** Renews every period; returns when the lease is lost, the deadline passed or the signal aborts. */
async function renewUntilLost(candidate: Candidate, signal: AbortSignal): Promise<void> {
  const { clock, observed, failures } = candidate;
  while (!signal.aborted) {
    await clock.sleep(RETRY_PERIOD_MS, signal);
    if (signal.aborted) return;
    const sentAtMs = clock.now();
    try {
      const change = { renewTime: microTime(sentAtMs) };
      // A write may be followed by a read and another write: together they must not outlast the lease.
      await withTimeout({ clock, ms: remainingMs(candidate), signal, timeUp }, (limited) =>
        writeAsHolder(candidate, change, limited),
      );
      observed.renewedAtMs = sentAtMs;
    } catch (error) {
      if (signal.aborted || isCodedError(error, 'ECRPS_LEASE_LOST')) return;
      failures.report(error);
      // The absolute value: after a clock was set back, the difference says nothing about the time that passed.
      if (Math.abs(clock.now() - observed.renewedAtMs) >= RENEW_DEADLINE_MS) return;
    }
  }
}

/** For how long no other candidate can lead; none if the clock was set back. */
function remainingMs({ clock, observed }: Candidate): number {
  return LEADS_AT_MOST_MS - Math.abs(clock.now() - observed.renewedAtMs);
}

function timeUp(): Error {
  return new Error(`not renewed for ${LEADS_AT_MOST_MS} ms`);
}

/**
 * Writes over our own lease. If the response to a write of ours was lost, the next write is a conflict: then the lease
 * is read again, and written again if it still is ours, as in client-go.
 *
 * @throws ECRPS_LEASE_LOST if it is not
 */
async function writeAsHolder(
  { store, identity, clock, observed }: Candidate,
  change: LeaseSpec,
  signal: AbortSignal,
): Promise<void> {
  const write = async (): Promise<void> => {
    const spec = { ...observed.lease?.spec, ...change };
    observe(observed, await store.write(observed.lease, spec, signal), clock.now());
  };
  try {
    await write();
  } catch (error) {
    if (!isCodedError(error, 'ECRPS_LEASE_LOST')) throw error;
    observe(observed, await store.read(signal), clock.now());
    if (observed.lease?.spec?.holderIdentity !== identity) throw error;
    await write();
  }
}

/** Releases the lease if it is still ours; otherwise the write is refused. */
async function release(candidate: Candidate): Promise<void> {
  const { clock, identity, logger, observed } = candidate;
  if (observed.lease?.spec?.holderIdentity !== identity) return;
  const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.now()) };
  try {
    await writeAsHolder(candidate, spec, AbortSignal.timeout(LEASE_REQUEST_TIMEOUT_MS));
  } catch (error) {
    logger.debug({ err: error }, 'the lease was not released; it expires by itself');
  }
  observed.lease = undefined;
}
