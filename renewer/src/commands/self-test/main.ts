import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { createConfiguredKubeClient } from '../../network/kube-client.ts';
import { readSelfTestConfiguration } from './configuration.ts';
import { selfTest } from './self-test.ts';

/**
 * `ecr-pull-secrets test`: checks whether a namespace that opted in gets its pull secret and injection.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, and as `selfTest`
 */
export async function runSelfTest(
  environment: Environment,
  { print, stop }: { readonly print: (text: string) => void; readonly stop: AbortSignal },
): Promise<void> {
  const configuration = readSelfTestConfiguration(environment);
  const clock = systemClock;
  const client = await createConfiguredKubeClient({ clock }, configuration, 'test');
  try {
    await selfTest({ client, clock, print }, configuration, stop);
  } finally {
    await client.close();
  }
}
