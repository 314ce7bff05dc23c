import { describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { IS_PLUGIN, PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { withoutControls } from '@ecr-pull-secrets/shared/command-line/without-controls.ts';
import { wantsHelp, createUsageError, didYouMean, isUsageError } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import manifest from '../package.json' with { type: 'json' };
import { type Command, COMMAND_NAMES, findCommand, usage } from './commands.ts';
import type { Invocation } from './invocation.ts';

/** The exit status of shell built-ins for an invalid command line. */
const USAGE_EXIT_CODE = 2;

/**
 * Runs a command line. It never rejects.
 *
 * @param invocation - the first of its `args` is the name of the command
 * @returns the exit status
 */
export async function run(invocation: Invocation): Promise<number> {
  const { args, stdout, stderr } = invocation;
  const [name = '', ...rest] = args;
  const about = aboutProgram(args);
  if (about !== undefined) {
    stdout.write(about);
    return 0;
  }
  const command = findCommand(args[0]);
  try {
    if (!command) throw createUsageError(unknownCommand(name), usage());
    return (await runCommand(command, { ...invocation, args: rest })) ?? 0;
  } catch (error) {
    const prefix = command ? `${PROGRAM} ${command.name}` : PROGRAM;
    const code = isCodedError(error) ? ` [${error.code}]` : '';
    stderr.write(withoutControls(`${prefix}: ${describeError(error)}${code}\n`));
    if (!isUsageError(error)) return command?.failureExitCode ?? 1;
    stderr.write(`\n${error.usage}`);
    return USAGE_EXIT_CODE;
  }
}

/** What `help` and `version` print, as words or as options. A person types the plugin; CronJobs run the image. */
function aboutProgram([name]: readonly string[]): string | undefined {
  const isHelp = name === undefined ? IS_PLUGIN : name === 'help' || wantsHelp([name]);
  if (isHelp) return usage();
  return name === '--version' || name === 'version' ? `${PROGRAM} ${manifest.version}\n` : undefined;
}

async function runCommand(command: Command, invocation: Invocation): Promise<number | void> {
  const { args, stdout } = invocation;
  if (command.takesArguments || args.length === 0) return await command.run(invocation);
  if (wantsHelp(args)) return void stdout.write(usage());
  throw createUsageError(`${JSON.stringify(args[0])}: it takes no arguments`, usage());
}

function unknownCommand(name: string): string {
  if (name.startsWith('-')) return `${JSON.stringify(name)} comes before the command: write the command first`;
  return `unknown command ${JSON.stringify(name)}${didYouMean(name, COMMAND_NAMES)}`;
}
