import { parseArgs } from 'node:util';
import { oneOf } from '@ecr-pull-secrets/shared/configuration.ts';
import { readOptions, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import { createUsageError } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import { z } from 'zod';

const COMMAND_LINE = {
  words: 'ecr-pull-secrets explain NAMESPACE[/POD]',
  description:
    'Explains whether the pods of a namespace get the pull secret, and whether a pod can pull with it.\n' +
    'It changes nothing, prints no secret, and ends with the command to run next. For a pod it requests the\n' +
    'manifest and the config of each ECR image; a pull-through cache may import the image then.\n' +
    'It exits with 0 if all is well, 1 if there is a problem, and 2 if something could not be determined.',
  options: z.object({
    output: oneOf(['text', 'json'])
      .default('text')
      .meta({ description: 'The form of the report: text or json.', value: 'FORM' }),
    'secret-name': z.string().optional().meta({
      description: 'The name of the pull secret, if the Deployment cannot be read.',
      value: 'NAME',
    }),
    'no-pull-test': z.boolean().default(false).meta({ description: 'Sends no request to registries.' }),
  }),
};

/** The part of a path in the API that is a name. */
const NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;

export interface ExplainOptions {
  readonly namespace: string;
  readonly pod: string | undefined;
  readonly secretName: string | undefined;
  readonly isJson: boolean;
  readonly pullTest: boolean;
}

export function explainUsage(): string {
  return usageOf(COMMAND_LINE);
}

/** @throws a UsageError */
export function readExplainOptions(args: readonly string[]): ExplainOptions {
  const { tokens } = parseArgs({
    args: [...args],
    options: { output: { type: 'string' }, 'secret-name': { type: 'string' } },
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const [subject, second] = tokens.filter((token) => token.kind === 'positional');
  const rest = args.filter((_, index) => index !== subject?.index);
  // After a mistyped option its value would look like a second argument.
  const isMistyped = tokens.some((token) => token.kind === 'option' && !(token.name in COMMAND_LINE.options.shape));
  if (second && !isMistyped) {
    const guess = `${subject?.value}/${second.value}`;
    throw createUsageError(
      `unexpected argument ${JSON.stringify(second.value)}: did you mean ${guess}?`,
      explainUsage(),
    );
  }
  const options = readOptions(COMMAND_LINE, rest);
  const text = subject?.value ?? '';
  const [namespace = '', pod, ...more] = text.split('/');
  if (![namespace, pod ?? 'pod'].every((name) => NAME.test(name)) || more.length > 0) {
    const problem =
      text === ''
        ? 'NAMESPACE or NAMESPACE/POD is missing'
        : `${JSON.stringify(text)} is not NAMESPACE or NAMESPACE/POD`;
    throw createUsageError(problem, explainUsage());
  }
  const secretName = options['secret-name'];
  return { namespace, pod, secretName, isJson: options.output === 'json', pullTest: !options['no-pull-test'] };
}
