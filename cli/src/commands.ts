import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import type { Output } from '@ecr-pull-secrets/shared/command-line/output.ts';

/** What a command is run with. */
export interface Invocation {
  /** What stands behind its name. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}

/** One word behind `ecr-pull-secrets`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Whether words may stand behind its name; it reads them itself, `--help` too. */
  readonly takesArguments?: true;
  /** Runs until done or told to stop; rejects with an error of the catalogue. */
  readonly run: (invocation: Invocation) => Promise<void>;
  /** Exit status where it rejects; 1 unless told. */
  readonly failureExitCode?: number;
}

/** nabsul/k8s-ecr-login-renew takes no argument: its CronJob works when only the image is changed. */
const DEFAULT_COMMAND = 'renew-once';

/** Each part is loaded when its command is given, so that the webhook never loads the AWS SDK. */
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
    summary: 'keep pull secrets and the webhook’s certificates fresh',
    run: async ({ environment, stop }) => {
      const { runRenewer } = await import('@ecr-pull-secrets/renewer/main.ts');
      await runRenewer(environment, stop);
    },
  },
  {
    name: 'renew-once',
    summary: 'write a fresh pull secret once, as k8s-ecr-login-renew does; the default',
    run: async ({ environment, stop }) => {
      const { runRenewOnce } = await import(
        '@ecr-pull-secrets/renewer/commands/renew-once/main.ts'
      );
      await runRenewOnce(environment, stop);
    },
    // As a Go program that panics, which the old tool is.
    failureExitCode: 2,
  },
  {
    name: 'test',
    summary:
      'look whether a namespace gets its pull secret and its pods the name; helm test runs it',
    run: async ({ environment, stdout, stop }) => {
      const { runSelfTest } = await import('@ecr-pull-secrets/renewer/commands/self-test/main.ts');
      await runSelfTest(environment, { print: (text) => void stdout.write(text), stop });
    },
  },
  {
    name: 'certs',
    summary: 'make, print and verify certificates of your own; certs --help tells how',
    takesArguments: true,
    run: async ({ args, ...context }) => {
      const { runCerts } = await import('@ecr-pull-secrets/certs-scripts/commands/certs.ts');
      await runCerts(args, context);
    },
  },
];

/** What can be typed behind `ecr-pull-secrets`. */
export const COMMAND_NAMES: readonly string[] = COMMANDS.map(({ name }) => name);

/** The command of a name; the default one where no name is given. */
export function findCommand(name: string = DEFAULT_COMMAND): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}

export function usage(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  return `Usage: ecr-pull-secrets [command]\n\nCommands:\n${lines.join('\n')}\n\nSettings of the others are environment variables: docs/configuration.md.\n`;
}
