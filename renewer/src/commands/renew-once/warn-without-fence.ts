import { pullSecretProbes, proveFence, UNFENCED } from '../../fence/prove-fence.ts';
import type { RenewOnceConfiguration } from './configuration.ts';
import type { RenewOnceDependencies } from './renew-once.ts';

/** A first run may be as new as the policies are. */
const SECOND_ATTEMPT_AFTER_MS = 5_000;

type Settings = Pick<RenewOnceConfiguration, 'fence' | 'podNamespace' | 'pullSecretName'>;

/**
 * Warns if no admission policy fences our identity although `FENCE` says so, or because it is off. Never
 * rejects: a run has done its work by then.
 */
export async function warnWithoutFence(
  dependencies: Pick<RenewOnceDependencies, 'client' | 'clock' | 'print'>,
  settings: Settings,
  stop: AbortSignal,
): Promise<void> {
  const { fence } = settings;
  if (fence === 'off' || (fence === 'on' && (await isMissing(dependencies, settings, stop)))) {
    dependencies.print(`WARNING: ${UNFENCED}\n`);
  }
}

async function isMissing(
  { client, clock }: Pick<RenewOnceDependencies, 'client' | 'clock'>,
  { podNamespace, pullSecretName }: Settings,
  stop: AbortSignal,
): Promise<boolean> {
  if (podNamespace === undefined) return false;
  const probes = pullSecretProbes(podNamespace, pullSecretName);
  const first = await proveFence(client, probes, stop);
  if (first.kind !== 'missing') return false;
  await clock.sleep(SECOND_ATTEMPT_AFTER_MS, stop);
  return (await proveFence(client, probes, stop)).kind === 'missing';
}
