import { pullSecretProbes, proveFence } from '../../fence/prove-fence.ts';
import { UNFENCED } from '../../fence/unfenced.ts';
import type { RenewOnceParts } from './renew-once.ts';

/** A first run may be as new as the policies are. */
const SECOND_LOOK_AFTER_MS = 5_000;

/**
 * Warns if no admission policy fences our identity although `FENCE` asks for it, or because it is off. Never
 * rejects: a run has done its work by then.
 */
export async function warnWithoutFence(
  parts: Pick<RenewOnceParts, 'configuration' | 'client' | 'clock' | 'print' | 'stop'>,
): Promise<void> {
  const { fence } = parts.configuration;
  if (fence === 'off' || (fence === 'on' && (await isMissing(parts)))) {
    parts.print(`WARNING: ${UNFENCED}\n`);
  }
}

async function isMissing({
  configuration,
  client,
  clock,
  stop,
}: Omit<Parameters<typeof warnWithoutFence>[0], 'print'>): Promise<boolean> {
  const { podNamespace, secretName } = configuration;
  if (podNamespace === undefined) return false;
  const probes = pullSecretProbes(podNamespace, secretName);
  const first = await proveFence(client, probes, stop);
  if (first.kind !== 'missing') return false;
  await clock.sleep(SECOND_LOOK_AFTER_MS, stop);
  return (await proveFence(client, probes, stop)).kind === 'missing';
}
