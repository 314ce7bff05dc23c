import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { readOptions, usageOf } from '@ecr-pull-secrets/shared/command-line/command-options.ts';
import type { Output } from '@ecr-pull-secrets/shared/command-line/output.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import type * as z from 'zod';

/** What the commands work with. */
export interface CertsContext {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
}

/** One word behind `ecr-pull-secrets certs`. */
export interface CertsCommand {
  readonly name: string;
  readonly summary: string;
  readonly run: (args: readonly string[], context: CertsContext) => Promise<void>;
}

interface Definition<Options extends z.ZodObject> extends Pick<CertsCommand, 'name' | 'summary'> {
  readonly description: string;
  readonly options: Options;
  readonly run: (options: Readonly<z.output<Options>>, context: CertsContext) => void | Promise<void>;
}

/** A command that reads its options and shows its help. */
export function defineCommand<Options extends z.ZodObject>(definition: Definition<Options>): CertsCommand {
  const { name, summary, description, options, run } = definition;
  const commandLine = { words: `${PROGRAM} certs ${name}`, description, options };
  return {
    name,
    summary,
    run: async (args, context) => {
      if (wantsHelp(args)) context.stdout.write(usageOf(commandLine));
      else await run(readOptions(commandLine, args), context);
    },
  };
}
