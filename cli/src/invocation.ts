import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import type { Output } from '@ecr-pull-secrets/shared/command-line/output.ts';

/** The arguments and the surroundings of a command. */
export interface Invocation {
  /** The arguments after the name of the command. */
  readonly args: readonly string[];
  readonly environment: Environment;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  readonly stop: AbortSignal;
}
