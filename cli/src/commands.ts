import { IS_PLUGIN, PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import type { Invocation } from './invocation.ts';

/** A command: the first word after `ecr-pull-secrets`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Whether it takes arguments; it reads them itself, including `--help`. */
  readonly takesArguments?: true;
  /** Runs until it is done or `stop` aborts; rejects with an error of the catalogue. A number is the exit status. */
  readonly run: (invocation: Invocation) => Promise<number | void>;
  /** The exit status if it rejects; 1 by default. */
  readonly failureExitCode?: number;
}

/** nabsul/k8s-ecr-login-renew takes no argument, so its CronJob works if only the image is changed. */
const DEFAULT_COMMAND = 'renew-once';

/** Each part is loaded only if its command is run, so that the webhook never loads the AWS SDK. */
const COMMANDS: readonly Command[] = [
  {
    name: 'webhook',
    summary: 'serve the mutating admission webhook',
    run: async ({ environment, stop }) => {
      const { runWebhook } = await import('@ecr-pull-secrets/server/main.ts');
      await runWebhook(environment, stop);
    },
  },
  {
    name: 'renewer',
    summary: 'renew pull secrets and the certificate of the webhook',
    run: async ({ environment, stop }) => {
      const { runRenewer } = await import('@ecr-pull-secrets/renewer/main.ts');
      await runRenewer(environment, stop);
    },
  },
  {
    name: 'renew-once',
    summary: `write new pull secrets once, as k8s-ecr-login-renew does${IS_PLUGIN ? '' : '; the default'}`,
    run: async ({ environment, stop }) => {
      const { runRenewOnce } = await import('@ecr-pull-secrets/renewer/commands/renew-once/main.ts');
      await runRenewOnce(environment, stop);
    },
    // The status of a Go program that panics, as the old tool does.
    failureExitCode: 2,
  },
  {
    name: 'test',
    summary: 'check that a namespace gets its pull secret, and a pod its name; helm test runs it',
    run: async ({ environment, stdout, stop }) => {
      const { runSelfTest } = await import('@ecr-pull-secrets/renewer/commands/self-test/main.ts');
      await runSelfTest(environment, { print: (text) => void stdout.write(text), stop });
    },
  },
  {
    name: 'status',
    summary: 'show what is wrong with the releases in the cluster, and what works; see status --help',
    takesArguments: true,
    run: async (invocation) => {
      const { runStatus } = await import('./status/status.ts');
      return await runStatus(invocation);
    },
    // Nothing could be determined.
    failureExitCode: 2,
  },
  {
    name: 'explain',
    summary: 'explain why a pod has no pull secret or cannot pull; see explain --help',
    takesArguments: true,
    run: async (invocation) => {
      const { runExplain } = await import('./explain/explain.ts');
      return await runExplain(invocation);
    },
    // Nothing could be determined.
    failureExitCode: 2,
  },
  {
    name: 'pull-test',
    summary: 'try pulls with a mounted secret; the pod of explain --from-cluster runs it',
    takesArguments: true,
    run: async (invocation) => {
      const { runPullTest } = await import('./pull-test/main.ts');
      await runPullTest(invocation);
    },
    failureExitCode: 2,
  },
  {
    name: 'certs',
    summary: 'create, print and verify your own certificates; see certs --help',
    takesArguments: true,
    run: async ({ args, ...context }) => {
      const { runCerts } = await import('@ecr-pull-secrets/certs-scripts/commands/certs.ts');
      await runCerts(args, context);
    },
  },
];

/** The names of all commands. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

/** The command of that name, or the default command without a name. */
export function findCommand(name: string = DEFAULT_COMMAND): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}

/** The help of the executable. */
export function usage(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  return `Usage: ${PROGRAM} [command]\n\nCommands:\n${lines.join('\n')}\n\nThe other commands are configured by environment variables: docs/configuration.md.\n${PROGRAM} --version prints the version of this program.\n`;
}
