import { oneOf, objectName } from '@ecr-pull-secrets/shared/configuration.ts';
import { readOptions, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import * as z from 'zod';

const COMMAND_LINE = {
  words: `${PROGRAM} status`,
  description:
    'Shows what is wrong with the releases in the cluster, and what works: injection, leader, tokens, namespaces,\n' +
    'certificates and the fence. Problems come first. It changes nothing, reads no secret data, and ends with the\n' +
    'command to run next.\n' +
    'It exits with 0 if all is well, 1 if there is a problem, and 2 if something could not be determined.',
  options: z.object({
    namespace: objectName.optional().meta({
      description: 'The namespace of the release; all namespaces if it is not set.',
      value: 'NAMESPACE',
      short: 'n',
    }),
    release: objectName.optional().meta({
      description: 'The release; all releases if it is not set.',
      value: 'NAME',
    }),
    output: oneOf(['text', 'json'])
      .default('text')
      .meta({ description: 'The form of the report: text or json.', value: 'FORM', short: 'o' }),
    watch: z
      .boolean()
      .default(false)
      .meta({ description: 'Repeats the report every five seconds, until Ctrl-C.', short: 'w' }),
  }),
};

export type StatusOptions = ReturnType<typeof readStatusOptions>;

export function statusUsage(): string {
  return usageOf(COMMAND_LINE);
}

/** @throws a UsageError */
export function readStatusOptions(args: readonly string[]) {
  return readOptions(COMMAND_LINE, args);
}
