import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { DeploymentEvents } from '../deployment-events/deployment-events.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { refusalCauseOf } from '../pull-secrets/apply/failure-cause.ts';
import {
  eventProbe,
  evictionProbe,
  type Probe,
  proveFence,
  pullSecretProbes,
  UNFENCED,
  webhookConfigurationProbe,
} from './prove-fence.ts';

/** The label `state` of the fence's metric. */
const FENCE_STATES = ['proven', 'missing', 'unknown', 'off'] as const;

type FenceState = (typeof FENCE_STATES)[number];

/** Between two proofs, and between two log lines about the same state. */
const INTERVAL_MS = 3_600_000;

/** A fence that was repaired is proven within five minutes. */
const RETRY: BackOff = { baseMs: 5_000, capMs: 300_000 };

/**
 * Helm and others create policies last, and an API server needs a moment to apply one: a probe that is not refused
 * within the first 5 + 10 + 20 seconds is not reported.
 */
const MISSES_TO_REPORT = 4;

type FenceMonitorSettings = Pick<
  RenewerConfiguration,
  'fence' | 'podNamespace' | 'pullSecretName' | 'webhookName' | 'tlsMode'
> &
  Partial<Pick<RenewerConfiguration, 'missedPods'>>;

/**
 * The leader's part, until the signal aborts: proves at once and then hourly that admission policies fence
 * our identity. One identity has one fence, so one replica is enough. A response that shows nothing about the
 * fence, such as that of a busy API server, leaves the last state in place for two intervals.
 */
export async function runFenceMonitor(
  dependencies: RenewerDependencies & { readonly events: DeploymentEvents },
  settings: FenceMonitorSettings,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, logger } = dependencies;
  const report = createStateReport(dependencies);
  if (settings.fence === 'off') return report('off', { fence: 'off' }, UNFENCED);
  const probes = probesFor(settings);
  let attempts = 0;
  let misses = 0;
  let verdictAtMs = clock.now();

  /** @returns the wait until the next proof */
  async function prove(): Promise<number> {
    const proof = await proveFence(client, probes, signal);
    if (signal.aborted) return 0;
    if (proof.kind !== 'unclear') verdictAtMs = clock.now();
    misses = proof.kind === 'missing' ? misses + 1 : 0;
    attempts = proof.kind === 'proven' ? 0 : attempts + 1;
    if (proof.kind === 'proven') {
      report('proven', {}, 'admission policies fence the ServiceAccount of ecr-pull-secrets');
    } else if (proof.kind === 'unclear') {
      const facts = { err: proof.error };
      if (isUnknown(proof.error, clock.now() - verdictAtMs))
        report('unknown', facts, 'the fence cannot be proven; will retry');
      else logger.debug(facts, 'proving the fence failed; will retry');
    } else if (misses >= MISSES_TO_REPORT) {
      report('missing', { object: proof.probe.request.path }, UNFENCED);
    }
    return attempts === 0 ? INTERVAL_MS : backOffMs(attempts - 1, RETRY, () => 1);
  }

  const controller = { name: 'fence', resyncMs: INTERVAL_MS, retry: RETRY, reconcile: prove };
  await runReconcileLoop(dependencies, controller, signal);
}

function probesFor(settings: FenceMonitorSettings): readonly Probe[] {
  const { podNamespace, pullSecretName, webhookName, tlsMode, missedPods } = settings;
  const always = [
    ...pullSecretProbes(podNamespace, pullSecretName),
    eventProbe(podNamespace),
    ...(missedPods?.evict ? [evictionProbe(podNamespace)] : []),
  ];
  // In the other modes our identity has no right to the configuration, and there may be none.
  const isPatched = tlsMode === 'self-managed' || tlsMode === 'existing-secret';
  return isPatched ? [...always, webhookConfigurationProbe(webhookName)] : always;
}

/**
 * Whether something else refuses each attempt, such as a missing right or another policy, or there was no verdict for
 * two intervals. The absolute value: after a clock was set back, an old verdict must not stay in place.
 */
function isUnknown(error: unknown, verdictAgeMs: number): boolean {
  const isPermanent = isApiError(error) && refusalCauseOf(error) !== undefined;
  return isPermanent || Math.abs(verdictAgeMs) > 2 * INTERVAL_MS;
}

/** Sets the metric, and logs a state that is new, or a wrong state again after an hour. */
function createStateReport({
  clock,
  logger,
  metrics,
  events,
}: Pick<RenewerDependencies, 'clock' | 'logger' | 'metrics'> & { readonly events: DeploymentEvents }) {
  const setMetric = (state: FenceState): void => {
    for (const each of FENCE_STATES) metrics.fence.set({ state: each }, each === state ? 1 : 0);
  };
  let loggedState: FenceState | undefined;
  let loggedAtMs = 0;
  setMetric('unknown');
  return (state: FenceState, facts: object, message: string): void => {
    setMetric(state);
    const isGood = state === 'proven';
    if (state === 'missing') events.report({ subject: 'fence', reason: 'IdentityNotFenced', message });
    if (isGood) events.resolve({ subject: 'fence', reason: 'IdentityFenced', message });
    // The absolute value: after a clock was set back, the log must not stay silent.
    const isDue = !isGood && Math.abs(clock.now() - loggedAtMs) >= INTERVAL_MS;
    if (state === loggedState && !isDue) return;
    loggedState = state;
    loggedAtMs = clock.now();
    logger[isGood ? 'info' : 'warn'](facts, message);
  };
}
