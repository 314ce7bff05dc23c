import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { refusalCauseOf } from '../pull-secrets/apply/write-failure.ts';
import {
  eventProbe,
  type Probe,
  proveFence,
  pullSecretProbes,
  webhookConfigurationProbe,
} from './prove-fence.ts';
import { UNFENCED } from './unfenced.ts';

/** What is known of the fence: the label `state` of its metric. */
const FENCE_STATES = ['proven', 'missing', 'unknown', 'off'] as const;

type FenceState = (typeof FENCE_STATES)[number];

/** Between two proofs, and between two log lines that say the same. No hour has to be exact. */
const INTERVAL_MS = 3_600_000;

/** A fence that was repaired is seen within five minutes. */
const RETRY: BackOff = { baseMs: 5_000, capMs: 300_000 };

/**
 * Helm and others create policies last, and an API server takes a moment to heed one: what passes within
 * the first 5 + 10 + 20 seconds is no news.
 */
const MISSES_THAT_COUNT = 4;

type Options = Pick<RenewerDependencies, 'client' | 'clock' | 'logger' | 'metrics'> & {
  readonly configuration: RenewerConfiguration;
  readonly signal: AbortSignal;
};

/**
 * The leader's part, until the signal aborts: proves at once and then hourly that admission policies fence
 * our identity. One identity has one fence, so one replica is enough. An answer that says nothing about the
 * fence, such as that of a busy API server, leaves what was known for two intervals.
 */
export async function runFenceMonitor(options: Options): Promise<void> {
  const { configuration, client, clock, logger, signal } = options;
  const report = createReport(options);
  if (configuration.fence === 'off') return report('off', { fence: 'off' }, UNFENCED);
  const probes = probesOf(configuration);
  let attempts = 0;
  let misses = 0;
  let verdictAtMs = clock.now();
  while (!signal.aborted) {
    const proof = await proveFence(client, probes, signal);
    if (signal.aborted) return;
    if (proof.kind !== 'unclear') verdictAtMs = clock.now();
    misses = proof.kind === 'missing' ? misses + 1 : 0;
    attempts = proof.kind === 'proven' ? 0 : attempts + 1;
    if (proof.kind === 'proven') {
      report('proven', {}, 'admission policies fence the ServiceAccount of this process');
    } else if (proof.kind === 'unclear') {
      const facts = { err: proof.error };
      if (isUnknown(proof.error, clock.now() - verdictAtMs))
        report('unknown', facts, 'the fence cannot be proven; will retry');
      else logger.debug(facts, 'proving the fence failed; will retry');
    } else if (misses >= MISSES_THAT_COUNT) {
      report('missing', { object: proof.probe.request.path }, UNFENCED);
    }
    const retryMs = backOffMs(attempts - 1, RETRY, () => 1);
    await clock.sleep(attempts === 0 ? INTERVAL_MS : retryMs, signal);
  }
}

function probesOf(configuration: Options['configuration']): readonly Probe[] {
  const { podNamespace, secretName, webhookName, tlsMode } = configuration;
  const always = [...pullSecretProbes(podNamespace, secretName), eventProbe(podNamespace)];
  // In the other modes our identity has no right to the configuration, and there may be none.
  const isPatched = tlsMode === 'self-managed' || tlsMode === 'existing-secret';
  return isPatched ? [...always, webhookConfigurationProbe(webhookName)] : always;
}

/**
 * Whether something else refuses each attempt, such as a missing right or another policy, or nothing was found out for
 * two intervals. A clock that was set back must not keep an old verdict.
 */
function isUnknown(error: unknown, verdictAgeMs: number): boolean {
  const isLasting = isApiError(error) && refusalCauseOf(error) !== undefined;
  return isLasting || Math.abs(verdictAgeMs) > 2 * INTERVAL_MS;
}

type Report = (state: FenceState, facts: object, message: string) => void;

/** Sets the metric, and logs a state that is new, or old and wrong for an hour. */
function createReport({ clock, logger, metrics }: Options): Report {
  const show = (state: FenceState): void => {
    for (const each of FENCE_STATES) metrics.fence.set({ state: each }, each === state ? 1 : 0);
  };
  let said: FenceState | undefined;
  let saidAtMs = 0;
  show('unknown');
  return (state, facts, message) => {
    show(state);
    const isGood = state === 'proven';
    // A clock that was set back must not silence anything.
    const isDue = !isGood && Math.abs(clock.now() - saidAtMs) >= INTERVAL_MS;
    if (state === said && !isDue) return;
    said = state;
    saidAtMs = clock.now();
    logger[isGood ? 'info' : 'warn'](facts, message);
  };
}
