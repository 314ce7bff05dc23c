import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { connect } from '../../network/connect.ts';
import { createAwsRequestHandler } from '../../network/aws-request-handler.ts';
import { createAwsTokenSource } from '../../credentials/aws/aws-token-source.ts';
import { readRenewOnceConfiguration } from './configuration.ts';
import { warnWithoutFence } from './warn-without-fence.ts';
import { renewOnce } from './renew-once.ts';

/**
 * `ecr-pull-secrets renew-once`: writes a new token into every target namespace and ends. When told to
 * stop it finishes the namespaces that it has begun.
 *
 * @throws ECRPS_CONFIGURATION_INVALID, and as `renewOnce`
 */
export async function runRenewOnce(environment: Environment, stop: AbortSignal): Promise<void> {
  const clock = systemClock;
  print(`Running at ${new Date(clock.now()).toISOString()}\n`);
  const configuration = readRenewOnceConfiguration(environment);
  const requestHandler = createAwsRequestHandler(configuration.proxies);
  const client = connect(configuration, 'renew-once');
  try {
    await renewOnce({
      configuration,
      client,
      tokenSource: createAwsTokenSource({ clock, requestHandler, keys: configuration.awsKeys }),
      clock,
      random: Math.random,
      print,
      stop,
    });
    await warnWithoutFence({ configuration, client, clock, print, stop });
  } finally {
    requestHandler.destroy();
    await client.close();
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
