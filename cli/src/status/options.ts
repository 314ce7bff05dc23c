import { oneOf, objectName } from '@ecr-pull-secrets/shared/configuration.ts';
import { readOptions, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import * as z from 'zod';

const COMMAND_LINE = {
  words: 'ecr-pull-secrets status',
  description:
    'Shows what is wrong with the releases in the cluster, and what works: injection, leader, tokens, namespaces,\n' +
    'certificates and the fence. Problems come first. It changes nothing, reads no secret data, and ends with the\n' +
    'command to run next.\n' +
    'It exits with 0 if all is well, 1 if there is a problem, and 2 if something could not be determined.',
  options: z.object({
    namespace: objectName.optional().meta({
      description: 'The namespace of the release; all namespaces if it is not set.',
      value: 'NAMESPACE',
    }),
    release: objectName.optional().meta({
      description: 'The release; all releases if it is not set.',
      value: 'NAME',
    }),
    output: oneOf(['text', 'json'])
      .default('text')
      .meta({ description: 'The form of the report: text or json.', value: 'FORM' }),
    watch: z.boolean().default(false).meta({ description: 'Repeats the report every five seconds, until Ctrl-C.' }),
  }),
};

export interface StatusOptions {
  /** Of the release. */
  readonly namespace?: string | undefined;
  readonly release?: string | undefined;
  readonly output: 'text' | 'json';
  readonly watch: boolean;
}

export function statusUsage(): string {
  return usageOf(COMMAND_LINE);
}

/** @throws a UsageError */
export function readStatusOptions(args: readonly string[]): StatusOptions {
  return readOptions(COMMAND_LINE, args);
}
