import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';

/** One word behind `ecr-pull-secrets`. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Runs until done or told to stop; rejects with an error of the catalogue. */
  readonly run: (environment: Environment, stop: AbortSignal) => Promise<void>;
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
    run: async (environment, stop) => {
      const { runWebhook } = await import('@ecr-pull-secrets/server/main.ts');
      await runWebhook(environment, stop);
    },
  },
  {
    name: 'renewer',
    summary: 'keep pull secrets and the webhook’s certificates fresh',
    run: async (environment, stop) => {
      const { runRenewer } = await import('@ecr-pull-secrets/renewer/main.ts');
      await runRenewer(environment, stop);
    },
  },
  {
    name: 'renew-once',
    summary: 'write a fresh pull secret once, as k8s-ecr-login-renew does; the default',
    run: async (environment, stop) => {
      const { runRenewOnce } = await import('@ecr-pull-secrets/renewer/renew-once/main.ts');
      await runRenewOnce(environment, stop);
    },
    // As a Go program that panics, which the old tool is.
    failureExitCode: 2,
  },
];

/** The command of a name; the default one where no name is given. */
export function findCommand(name: string = DEFAULT_COMMAND): Command | undefined {
  return COMMANDS.find((command) => command.name === name);
}

export function usage(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  return `Usage: ecr-pull-secrets [command]\n\nCommands:\n${lines.join('\n')}\n\nSettings are environment variables: docs/configuration.md.\n`;
}
