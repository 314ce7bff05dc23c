import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import {
  type CertificateAuthority,
  createCertificateAuthority,
} from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { firstChange, type Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { type CaStep, planCa } from './ca-plan.ts';
import { type CaRecord, applyCaSecret, deleteCaSecret, type CaSecret } from './ca-secret.ts';
import { type CaStatus, caStatusOf } from './ca-status.ts';
import type { CertificateTimes } from './certificate-times.ts';
import { asOf, type Published } from './published-ca-bundle.ts';
import { createRefusalReports } from './ca-annotation-reports.ts';

/** The authority is compared with the clock this often; a write without an echo is tried again then. */
const CHECK_INTERVAL_MS = 30_000;

/** Whoever keeps restoring rubbish must not make us sign without pause. */
const PAUSE_AFTER_WRITE_MS = 1_000;

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** What an apply with this version does only where there is nothing. */
const CREATE_ONLY_VERSION = '1';

/** Constant log messages. */
const SAYS = {
  begin: 'made a certificate authority',
  prepare: 'made the next certificate authority; it signs once every API server trusts it',
  switch: 'the next certificate authority signs from now on',
  forget: 'retired certificate authorities are trusted no longer',
} as const satisfies Record<Exclude<CaStep['kind'], 'wait'>, string>;

export interface CaReconcilerOptions
  extends Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger' | 'metrics'> {
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly state: Observable<CaSecret>;
  readonly published: Observable<Published>;
  readonly times: CertificateTimes;
  /** The pod that makes Events. */
  readonly podName: string;
  readonly signal: AbortSignal;
}

/**
 * The leader's part: makes a certificate authority where there is none of use, and replaces it in its
 * last third, in steps between which every certificate that serves is trusted by every API server.
 */
export async function runCaReconciler(options: CaReconcilerOptions): Promise<void> {
  const { state, published, clock, random, logger, signal } = options;
  const report = createRefusalReports(options);
  let failures = 0;
  while (!signal.aborted) {
    const known = state.get();
    const now = new Date(clock.now());
    const seen = asOf(published.get(), now.getTime());
    if (seen !== published.get()) published.set(seen);
    const view = caStatusOf(known, now);
    const step = planCa(view, seen, { ...options.times, now });
    if (view.kind === 'present') report(view.refusals);
    try {
      if (step.kind !== 'wait') await carryOut(options, view, step);
      failures = 0;
      const withinMs = step.kind === 'wait' ? step.untilMs - now.getTime() : CHECK_INTERVAL_MS;
      await firstChange({ clock, withinMs: Math.min(withinMs, CHECK_INTERVAL_MS), signal }, [
        (wait) => state.changedFrom(known, wait),
        (wait) => published.changedFrom(seen, wait),
      ]);
    } catch (error) {
      if (signal.aborted) return;
      // A conflict means that the Secret changed; the watch brings what it is now.
      if (!isApiError(error, 409)) logger.error({ err: error }, 'keeping the authority failed');
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

async function carryOut(
  options: CaReconcilerOptions,
  view: CaStatus,
  step: Exclude<CaStep, { kind: 'wait' }>,
): Promise<void> {
  const { name: secret, clock, logger, signal } = options;
  if (view.kind === 'present' && !view.signing) {
    const { problems } = view;
    logger.error({ secret, problems }, 'the certificate authority is of no use');
  }
  const version = view.kind === 'present' ? view.resourceVersion : CREATE_ONLY_VERSION;
  const record = await recordAfter(view, step, options);
  try {
    await applyCaSecret(options, record, version);
  } catch (error) {
    // A policy may refuse a write with the same status: that Secret is not to be touched.
    const isStuck = view.kind === 'present' && view.isStuck;
    if (!isApiError(error, 422) || !isStuck) throw error;
    logger.error({ err: error, secret }, 'the Secret cannot hold an authority; making it anew');
    await deleteCaSecret(options, version);
    return clock.sleep(PAUSE_AFTER_WRITE_MS, signal);
  }
  logger.info(
    step.kind === 'prepare' ? { secret, reason: step.reason } : { secret },
    SAYS[step.kind],
  );
  await clock.sleep(PAUSE_AFTER_WRITE_MS, signal);
}

/** What the Secret is to hold once the step is done. */
async function recordAfter(
  view: CaStatus,
  step: Exclude<CaStep, { kind: 'wait' }>,
  options: Pick<CaReconcilerOptions, 'clock' | 'times'>,
): Promise<CaRecord> {
  const nowMs = options.clock.now();
  const before = view.kind === 'present' ? view : NOTHING;
  const { signing, next, signingSinceMs } = before;
  if (step.kind === 'switch') {
    return { signing: next, trustedPem: step.trustedPem, signingSinceMs: nowMs };
  }
  if (step.kind === 'forget') return { signing, trustedPem: step.trustedPem, signingSinceMs };
  const made = await makeAuthority(nowMs, options.times);
  // At the end, so that the bundle stays as it is when the authorities change places.
  const bundle = mergeBundles(step.besidePem, [made.certificatePem]);
  if (step.kind === 'begin') return { signing: made, trustedPem: bundle, signingSinceMs: nowMs };
  return { signing, next: made, trustedPem: bundle, signingSinceMs };
}

const NOTHING: CaRecord = { trustedPem: '', signingSinceMs: 0 };

function makeAuthority(
  nowMs: number,
  { caLifetimeMs: lifetimeMs }: CertificateTimes,
): Promise<CertificateAuthority> {
  // With the namespace it would be too long for readers that keep to 64 characters (RFC 5280).
  return createCertificateAuthority({ commonName: PRODUCT_NAME, now: new Date(nowMs), lifetimeMs });
}
