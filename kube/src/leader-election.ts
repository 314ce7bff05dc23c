import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import {
  createThrottledLog,
  type ThrottledLog,
} from '@ecr-pull-secrets/shared/runtime/throttled-log.ts';
import { type Lease, type LeaseSpec, type LeaseStore, microTime } from './lease.ts';
import { withTimeout } from '@ecr-pull-secrets/shared/runtime/with-timeout.ts';

/** Others may take over when the lease was not renewed for this long (client-go's default). */
const LEASE_DURATION_MS = 15_000;

/**
 * A leader that could not renew for this long steps down. A last request may be under way by then, and
 * others count from when they saw the last renewal: 10 s + 3 s still is before 15 s.
 */
const RENEW_DEADLINE_MS = 10_000;

/** How often a leader renews and a candidate looks. */
const RETRY_PERIOD_MS = 2_000;

/** A request that hangs must leave time for another one before the deadline. */
export const LEASE_REQUEST_TIMEOUT_MS = 3_000;

/** From its last renewal on a leader may act for this long, requests of the renewal that fails included. */
const LEADS_AT_MOST_MS = RENEW_DEADLINE_MS + LEASE_REQUEST_TIMEOUT_MS;

export interface LeaderElectionOptions {
  readonly store: LeaseStore;
  /** Unique among the candidates, for instance the pod's name and a random suffix. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** The leader's work; its signal aborts when leadership ends, and it then has to return. */
  readonly lead: (leadership: Leadership) => Promise<void>;
}

/** What a leader goes by. */
export interface Leadership {
  readonly signal: AbortSignal;
  /**
   * Whether nobody else can lead by now. A process that was frozen and goes on finds out by this, before
   * its timers have told the signal: to be asked before a write that no version protects.
   */
  readonly isHeld: () => boolean;
}

/**
 * Takes part in the election until the signal aborts, leading whenever the lease is ours. Releases the
 * lease at the end, so that another candidate follows within its next look.
 *
 * Follows client-go's leaderelection: a candidate trusts only its own clock, by the time at which it
 * saw the lease change.
 */
export async function runLeaderElection(options: LeaderElectionOptions): Promise<void> {
  const { clock, signal, logger } = options;
  const observation: Observation = {
    lease: undefined,
    changedAtMs: clock.now(),
    renewedAtMs: clock.now(),
    trouble: createThrottledLog(options, 'reading or writing the lease failed; will retry'),
  };
  while (!signal.aborted) {
    if (await tryAcquire(options, observation)) {
      logger.info({ identity: options.identity }, 'leading');
      await leadWhileHeld(options, observation);
      logger.info({ identity: options.identity }, 'no longer leading');
    }
    await pause(options);
  }
}

interface Observation {
  /** As last seen. */
  lease: Lease | undefined;
  /** When, by our clock, the lease last differed. */
  changedAtMs: number;
  /** When we sent our last good write: it may count from then on, however late its answer comes. */
  renewedAtMs: number;
  readonly trouble: ThrottledLog;
}

/**
 * Between two and four fifths of the period, so that candidates spread and a lease that was given away is
 * taken within the period, requests included.
 */
function pause({ clock, random, signal }: LeaderElectionOptions): Promise<void> {
  return clock.sleep(RETRY_PERIOD_MS * (0.4 + 0.4 * random()), signal);
}

async function tryAcquire(
  options: LeaderElectionOptions,
  observation: Observation,
): Promise<boolean> {
  const { store, identity, clock, signal } = options;
  try {
    const lease = await store.read(signal);
    observe(observation, lease, clock.now());
    if (isHeldByAnother(observation, identity, clock.now())) return false;
    observation.renewedAtMs = clock.now();
    const written = await store.write(lease, acquiredSpec(options, lease), signal);
    observe(observation, written, clock.now());
    return true;
  } catch (error) {
    const lost = isCodedError(error, 'ECRPS_LEASE_LOST');
    if (!lost && !signal.aborted) observation.trouble.report(error);
    return false;
  }
}

function observe(observation: Observation, lease: Lease | undefined, nowMs: number): void {
  const before = observation.lease?.metadata.resourceVersion;
  if (observation.lease === undefined || before !== lease?.metadata.resourceVersion) {
    observation.changedAtMs = nowMs;
  }
  observation.lease = lease;
}

function isHeldByAnother(observation: Observation, identity: string, nowMs: number): boolean {
  const { lease } = observation;
  const holder = lease?.spec?.holderIdentity;
  if (!holder || holder === identity) return false;
  // A clock that was set back by an hour must not make us wait for an hour.
  observation.changedAtMs = Math.min(observation.changedAtMs, nowMs);
  // A longer one is nothing that a candidate of ours writes: it would keep everybody from leading.
  const writtenMs = (lease.spec?.leaseDurationSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  const durationMs = Math.min(writtenMs, LEASE_DURATION_MS);
  return nowMs < observation.changedAtMs + durationMs;
}

function acquiredSpec(
  { identity, clock }: LeaderElectionOptions,
  lease: Lease | undefined,
): LeaseSpec {
  const now = microTime(clock.now());
  return {
    holderIdentity: identity,
    leaseDurationSeconds: LEASE_DURATION_MS / 1000,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: nextTransition(lease),
  };
}

/** The API server takes no more than an int32. */
const MAX_TRANSITIONS = 2 ** 31 - 1;

function nextTransition(lease: Lease | undefined): number {
  const before = lease?.spec?.leaseTransitions ?? 0;
  return before < MAX_TRANSITIONS ? before + 1 : 0;
}

async function leadWhileHeld(
  options: LeaderElectionOptions,
  observation: Observation,
): Promise<void> {
  const { lead, signal, logger } = options;
  const leadership = new AbortController();
  const leading = AbortSignal.any([signal, leadership.signal]);
  const isHeld = (): boolean => !leading.aborted && leftMs(options, observation) > 0;
  const work = lead({ signal: leading, isHeld })
    .catch((error: unknown) =>
      logger.error({ err: error }, 'the leader’s work ended with an error'),
    )
    // Work that ended early must not hold the lease.
    .finally(() => leadership.abort());
  await renewUntilLost(options, observation, leading);
  leadership.abort();
  await work;
  await release(options, observation);
}

/** Renews every period; returns when the lease is lost, the deadline passed or the signal aborts. */
async function renewUntilLost(
  options: LeaderElectionOptions,
  observation: Observation,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = options;
  while (!signal.aborted) {
    await clock.sleep(RETRY_PERIOD_MS, signal);
    if (signal.aborted) return;
    const sentAtMs = clock.now();
    try {
      const change = { renewTime: microTime(sentAtMs) };
      // A write may be followed by a read and another write: together they must not outlast the lease.
      await withTimeout({ clock, ms: leftMs(options, observation), signal, timeUp }, (limited) =>
        writeAsHolder(options, observation, change, limited),
      );
      observation.renewedAtMs = sentAtMs;
    } catch (error) {
      if (signal.aborted || isCodedError(error, 'ECRPS_LEASE_LOST')) return;
      observation.trouble.report(error);
      // Either way: a clock that was set back says nothing about how long it took.
      if (Math.abs(clock.now() - observation.renewedAtMs) >= RENEW_DEADLINE_MS) return;
    }
  }
}

/** For how long nobody else can lead; a clock that was set back says nothing about it. */
function leftMs({ clock }: LeaderElectionOptions, { renewedAtMs }: Observation): number {
  return LEADS_AT_MOST_MS - Math.abs(clock.now() - renewedAtMs);
}

function timeUp(): Error {
  return new Error(`not renewed for ${LEADS_AT_MOST_MS} ms`);
}

/**
 * Writes over our own lease. A write of ours whose answer was lost makes the next one a conflict: then
 * the lease is read again, and written again if it still is ours, as client-go does.
 *
 * @throws ECRPS_LEASE_LOST where it is not
 */
async function writeAsHolder(
  { store, identity, clock }: LeaderElectionOptions,
  observation: Observation,
  change: LeaseSpec,
  signal: AbortSignal,
): Promise<void> {
  const write = async (): Promise<void> => {
    const spec = { ...observation.lease?.spec, ...change };
    observe(observation, await store.write(observation.lease, spec, signal), clock.now());
  };
  try {
    await write();
  } catch (error) {
    if (!isCodedError(error, 'ECRPS_LEASE_LOST')) throw error;
    observe(observation, await store.read(signal), clock.now());
    if (observation.lease?.spec?.holderIdentity !== identity) throw error;
    await write();
  }
}

/** Gives the lease away, if it is still ours; the write is refused where it is not. */
async function release(options: LeaderElectionOptions, observation: Observation): Promise<void> {
  const { clock, identity, logger } = options;
  if (observation.lease?.spec?.holderIdentity !== identity) return;
  const given = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.now()) };
  try {
    const signal = AbortSignal.timeout(LEASE_REQUEST_TIMEOUT_MS);
    await writeAsHolder(options, observation, given, signal);
  } catch (error) {
    logger.debug({ err: error }, 'the lease was not released; it runs out by itself');
  }
  observation.lease = undefined;
}
