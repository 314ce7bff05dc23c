import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { createConfiguredKubeClient } from '../../network/kube-client.ts';
import { createAwsRequestHandler } from '../../network/aws-request-handler.ts';
import { createAwsTokenSource } from '../../credentials/aws/aws-token-source.ts';
import { readRenewOnceConfiguration } from './configuration.ts';
import { renewOnce, type RenewOnceDependencies } from './renew-once.ts';
import { warnWithoutFence } from './warn-without-fence.ts';

/**
 * `ecr-pull-secrets renew-once`: writes a new token into every target namespace and ends. If it is stopped, it
 * finishes the namespaces that it has started.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, and as `renewOnce`
 */
export async function runRenewOnce(environment: Environment, stop: AbortSignal): Promise<void> {
  const clock = systemClock;
  print(`Running at ${new Date(clock.now()).toISOString()}\n`);
  const configuration = readRenewOnceConfiguration(environment);
  const requestHandler = createAwsRequestHandler(configuration.proxies);
  const dependencies: RenewOnceDependencies = {
    client: await createConfiguredKubeClient({ clock }, configuration, 'renew-once'),
    tokenSource: createAwsTokenSource({ clock, requestHandler }, { keys: configuration.awsKeys }),
    clock,
    random: Math.random,
    print,
  };
  try {
    await renewOnce(dependencies, configuration, stop);
    await warnWithoutFence(dependencies, configuration, stop);
  } finally {
    requestHandler.destroy();
    await dependencies.client.close();
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
