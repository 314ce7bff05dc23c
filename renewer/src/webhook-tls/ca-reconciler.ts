import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { CREATE_ONLY } from '@ecr-pull-secrets/kube/apply.ts';
import { deleteSecret } from '@ecr-pull-secrets/kube/secrets.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { type ReconcileLoop, runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import type { DeploymentEvents } from '../deployment-events/deployment-events.ts';
import { type ReportedController, reportFailures } from '../deployment-events/reported-controller.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { createAnnotationReports } from './ca-annotation-reports.ts';
import { type CaStep, planCa, WAIT_FOREVER } from './ca-plan.ts';
import { applyCaSecret, type CaRecord, type CaSecretLocation } from './ca-secret.ts';
import type { CaStatus } from './ca-status.ts';
import type { CaStore } from './ca-store.ts';
import type { CertificateTimes } from '../config/certificate-times.ts';
import type { PublishedCaBundle } from './published-ca-bundle.ts';

/** The CA is compared with the clock this often; a write that the watch has not reported is tried again then. */
const RESYNC_MS = 30_000;

/** A program that restores an unusable Secret again and again must not make us sign without pause. */
const PAUSE_AFTER_WRITE_MS = 1_000;

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

/** Longer than a fail-over takes (15 s for the lease, and one read): a leader that creates CAs would have created one. */
const WAIT_FOR_LEADER_MS = 20_000;

const CA_FAILURES: ReportedController = {
  reasons: ['CaNotWritten', 'CaWritten'],
  consequence: 'The CA of the webhook’s certificates cannot be written, so it is neither created nor rotated:',
};

type ActiveStep = Exclude<CaStep, { kind: 'wait' }>;

const LOG_MESSAGES = {
  create: 'created a CA',
  prepare: 'CA rotation prepared; the next CA signs once every API server trusts it',
  switch: 'CA rotated; the next CA signs from now on',
  retire: 'removed retired CAs from the CA bundle',
} as const satisfies Record<ActiveStep['kind'], string>;

export interface CaReconcilerSettings extends CaSecretLocation {
  readonly ca: CaStore;
  readonly times: CertificateTimes;
}

type Dependencies = Pick<RenewerDependencies, 'client' | 'clock' | 'random' | 'logger'>;

/**
 * The leader's part: creates a CA if there is no usable one, and replaces it in its last third, in steps
 * between which every certificate that serves is trusted by every API server.
 */
export async function runCaReconciler(
  dependencies: Dependencies & Pick<RenewerDependencies, 'metrics'>,
  settings: CaReconcilerSettings & {
    readonly published: Pick<Observable<PublishedCaBundle>, 'get' | 'changedFrom'>;
    /** The pod that makes Events. */
    readonly podName: string;
    readonly events: DeploymentEvents;
  },
  signal: AbortSignal,
): Promise<void> {
  const { published, times, events } = settings;
  const reportAnnotations = createAnnotationReports(dependencies, settings, signal);
  const plan = (status: CaStatus, now: Date): CaStep => {
    if (status.kind === 'present') reportAnnotations(status.annotationProblems);
    return planCa(status, published.get(), times, now);
  };
  const controller = createController(dependencies, settings, { name: 'CA', inputs: [published], plan });
  await runReconcileLoop(dependencies, reportFailures(controller, events, CA_FAILURES), signal);
}

/**
 * Every replica's part: creates the first CA if no leader does. After a change of `tls.mode` the leader may
 * be a replica of the old mode, which keeps its lease until this replica is ready, and this replica is not
 * ready without a certificate.
 *
 * It never replaces a CA: if one is lost, the leader, which reads what is trusted, creates the next one.
 */
export async function runFirstCaReconciler(
  dependencies: Dependencies,
  settings: CaReconcilerSettings,
  signal: AbortSignal,
): Promise<void> {
  const untilMs = dependencies.clock.now() + WAIT_FOR_LEADER_MS;
  let wasPresent = false;
  const plan = (status: CaStatus, now: Date): CaStep => {
    wasPresent ||= status.kind === 'present';
    if (wasPresent || status.kind === 'unknown') return WAIT_FOREVER;
    return now.getTime() < untilMs ? { kind: 'wait', untilMs } : { kind: 'create', retainedPem: '' };
  };
  await runReconcileLoop(dependencies, createController(dependencies, settings, { name: 'first CA', plan }), signal);
}

function createController(
  dependencies: Dependencies,
  settings: CaReconcilerSettings,
  {
    name,
    inputs = [],
    plan,
  }: Pick<ReconcileLoop, 'name' | 'inputs'> & { readonly plan: (status: CaStatus, now: Date) => CaStep },
): ReconcileLoop {
  const { ca } = settings;
  return {
    name,
    inputs: [ca.observed, ...inputs],
    resyncMs: RESYNC_MS,
    retry: RETRY,
    // The Secret changed, and the watch brings what it is now.
    isExpected: (error) => isApiError(error, 409),
    reconcile: async (signal) => {
      const now = new Date(dependencies.clock.now());
      const status = ca.statusAt(now);
      const step = plan(status, now);
      if (step.kind === 'wait') return step.untilMs - now.getTime();
      return await executeStep(dependencies, settings, { status, step }, signal);
    },
  };
}

async function executeStep(
  { client, clock, logger }: Dependencies,
  settings: CaReconcilerSettings,
  { status, step }: { readonly status: CaStatus; readonly step: ActiveStep },
  signal: AbortSignal,
): Promise<void> {
  const { namespace, name: secret, times } = settings;
  const target = { client, namespace, name: secret, signal };
  const present = status.kind === 'present' ? status : undefined;
  if (present && !present.signing) {
    logger.error({ secret, problems: present.problems }, 'the CA is not usable');
  }
  const resourceVersion = present?.resourceVersion ?? CREATE_ONLY;
  const record = await recordAfter(present ?? NO_CA, step, times, clock.now());
  try {
    await applyCaSecret(target, record, resourceVersion);
    logger.info(step.kind === 'prepare' ? { secret, reason: step.reason } : { secret }, LOG_MESSAGES[step.kind]);
  } catch (error) {
    // A policy may refuse a write with the same status: that Secret is not to be touched.
    if (!isApiError(error, 422) || present?.isStuck !== true) throw error;
    logger.error({ err: error, secret }, 'the Secret cannot hold a CA; recreating it');
    await deleteSecret(target, { resourceVersion });
  }
  await clock.sleep(PAUSE_AFTER_WRITE_MS, signal);
}

const NO_CA: CaRecord = { trustedPem: '', signingSinceMs: 0 };

/** What the Secret is to hold once the step is done. */
async function recordAfter(
  { signing, next, signingSinceMs }: CaRecord,
  step: ActiveStep,
  { caLifetimeMs: lifetimeMs }: CertificateTimes,
  nowMs: number,
): Promise<CaRecord> {
  if (step.kind === 'switch') {
    return { signing: next, trustedPem: step.trustedPem, signingSinceMs: nowMs };
  }
  if (step.kind === 'retire') return { signing, trustedPem: step.trustedPem, signingSinceMs };
  // With the namespace the name would be too long for readers that allow 64 characters (RFC 5280).
  const created = await createCa({ commonName: PRODUCT_NAME, now: new Date(nowMs), lifetimeMs });
  // At the end, so that the bundle stays as it is when the CAs change places.
  const trustedPem = mergeBundles(step.retainedPem, [created.certificatePem]);
  if (step.kind === 'create') return { signing: created, trustedPem, signingSinceMs: nowMs };
  return { signing, next: created, trustedPem, signingSinceMs };
}
