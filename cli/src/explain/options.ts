import { objectName, oneOf } from '@ecr-pull-secrets/shared/configuration.ts';
import { readOptions, tokensOf, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { createUsageError } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import * as z from 'zod';

const COMMAND_LINE = {
  words: `${PROGRAM} explain NAMESPACE[/POD]`,
  description:
    'Explains whether the pods of a namespace get the pull secret, and whether a pod can pull with it.\n' +
    'It changes nothing, except for a test pod with --from-cluster, prints no secret, and ends with the command\n' +
    'to run next. For a pod it requests the manifest and the config of each ECR image; a pull-through cache may\n' +
    'import the image then.\n' +
    'It exits with 0 if all is well, 1 if there is a problem, and 2 if something could not be determined.',
  options: z.object({
    namespace: objectName.optional().meta({
      description: 'The namespace, as kubectl takes it; then the argument is only the name of the pod.',
      value: 'NAMESPACE',
      short: 'n',
    }),
    output: oneOf(['text', 'json'])
      .default('text')
      .meta({ description: 'The form of the report: text or json.', value: 'FORM', short: 'o' }),
    'secret-name': z.string().optional().meta({
      description: 'The name of the pull secret, if the Deployment cannot be read.',
      value: 'NAME',
    }),
    'from-cluster': z.boolean().default(false).meta({
      description: 'Tries the pulls from a short pod in the namespace, with the image of the release.',
    }),
    'test-image': z.string().optional().meta({
      description: 'The image of that pod, if the Deployment cannot be read.',
      value: 'IMAGE',
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
  /** Where the pulls are tried. */
  readonly pullTest: 'here' | 'cluster' | 'none';
  readonly testImage: string | undefined;
}

export function explainUsage(): string {
  return usageOf(COMMAND_LINE);
}

/** @throws a UsageError */
export function readExplainOptions(args: readonly string[]): ExplainOptions {
  const tokens = tokensOf(COMMAND_LINE.options, args);
  const [subject, second] = tokens.filter((token) => token.kind === 'positional');
  const rest = args.filter((_, index) => index !== subject?.index);
  // After a mistyped option its value would look like a second argument.
  const isMistyped = tokens.some((token) => token.kind === 'option' && !(token.name in COMMAND_LINE.options.shape));
  if (second && !isMistyped) {
    // As in `kubectl describe pod NAME`.
    const hasNamespace = tokens.some((token) => token.kind === 'option' && token.name === 'namespace');
    const isWholeSubject = hasNamespace || second.value.includes('/');
    const guess = isWholeSubject ? second.value : `${subject?.value}/${second.value}`;
    throw createUsageError(
      `unexpected argument ${JSON.stringify(isWholeSubject ? subject?.value : second.value)}: did you mean ${guess}?`,
      explainUsage(),
    );
  }
  const options = readOptions(COMMAND_LINE, rest);
  const { namespace, pod } = readSubject(subject?.value ?? '', options.namespace);
  return {
    namespace,
    pod,
    secretName: options['secret-name'],
    isJson: options.output === 'json',
    pullTest: readPullTest(options, pod),
    testImage: options['test-image'],
  };
}

/** @param namespaceOption - with it the text is the name of a pod, which kubectl also takes as pod/NAME */
function readSubject(text: string, namespaceOption: string | undefined): Pick<ExplainOptions, 'namespace' | 'pod'> {
  if (namespaceOption !== undefined) {
    const pod = text.replace(/^(?:po|pods?)\//, '');
    if (pod === '' || NAME.test(pod)) return { namespace: namespaceOption, pod: pod || undefined };
    throw createUsageError(`with --namespace, ${JSON.stringify(text)} is not the name of a pod`, explainUsage());
  }
  const [namespace = '', pod, ...more] = text.split('/');
  if ([namespace, pod ?? 'pod'].every((name) => NAME.test(name)) && more.length === 0) return { namespace, pod };
  const problem =
    text === '' ? 'NAMESPACE or NAMESPACE/POD is missing' : `${JSON.stringify(text)} is not NAMESPACE or NAMESPACE/POD`;
  throw createUsageError(problem, explainUsage());
}

function readPullTest(
  options: z.output<typeof COMMAND_LINE.options>,
  pod: string | undefined,
): ExplainOptions['pullTest'] {
  const isFromCluster = options['from-cluster'] || options['test-image'] !== undefined;
  if (!isFromCluster) return options['no-pull-test'] ? 'none' : 'here';
  if (options['no-pull-test']) {
    throw createUsageError('--from-cluster and --no-pull-test exclude each other', explainUsage());
  }
  if (pod === undefined) {
    throw createUsageError('--from-cluster needs a pod, whose images it tries: NAMESPACE/POD', explainUsage());
  }
  return 'cluster';
}
