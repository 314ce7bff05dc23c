import { readFile } from 'node:fs/promises';
import { createHttpsGetter, type HttpsGetter } from '@ecr-pull-secrets/kube/network/https-get.ts';
import { proxySettingsOf, proxyVariables } from '@ecr-pull-secrets/renewer/config/proxy-variables.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { readOptions, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import { readVariables } from '@ecr-pull-secrets/shared/configuration.ts';
import { isSystemError } from '@ecr-pull-secrets/shared/errors.ts';
import { fullNameOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import * as z from 'zod';
import type { Invocation } from '../invocation.ts';
import { candidatesFor, type Credential, credentialsInText } from './docker-config.ts';
import { outcomeLine, type PullResult } from './pull-outcome.ts';
import { tryPull } from './try-pull.ts';

const COMMAND_LINE = {
  words: `${PROGRAM} pull-test`,
  description:
    'Requests the manifest and the config of each image with the credential of a docker config, as a node does, and\n' +
    'prints one line of JSON for each image, without a credential. The pod of `explain --from-cluster` runs it.',
  options: z.object({
    'docker-config': z.string().meta({ description: 'The file with the credentials.', value: 'FILE' }),
    image: z.array(z.string()).meta({ description: 'An image to try.', value: 'IMAGE', many: true }),
  }),
};

/**
 * `ecr-pull-secrets pull-test`.
 *
 * @throws a UsageError, or ECRPS_CONFIGURATION_INVALID
 */
export async function runPullTest({ args, environment, stdout, clock, stop }: Invocation): Promise<void> {
  if (wantsHelp(args)) return void stdout.write(usageOf(COMMAND_LINE));
  const options = readOptions(COMMAND_LINE, args);
  const proxies = proxySettingsOf(readVariables(z.object(proxyVariables), environment));
  const credentials = await readCredentials(options['docker-config']);
  const client = createHttpsGetter({ clock }, { proxies });
  const tries = options.image.map(async (image) => {
    const result = await tryWith(client, image, credentials);
    stdout.write(outcomeLine({ image, result }));
  });
  try {
    await unlessAborted(Promise.all(tries), stop);
  } finally {
    await client.close();
  }
}

/** Without the file there is no secret in the namespace, or it is of another type. */
async function readCredentials(path: string): Promise<readonly Credential[]> {
  try {
    return credentialsInText(await readFile(path, 'utf8')) ?? [];
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return [];
    throw error;
  }
}

async function tryWith(client: HttpsGetter, image: string, credentials: readonly Credential[]): Promise<PullResult> {
  const [credential] = candidatesFor(fullNameOf(image), [['', credentials]]);
  if (credential === undefined) return { kind: 'untried', reason: 'the secret has no credential for its registry' };
  return await tryPull(client, image, credential.basic);
}
