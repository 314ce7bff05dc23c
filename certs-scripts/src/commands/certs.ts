import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { wantsHelp, createUsageError, didYouMean } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import { caCommand } from './ca.ts';
import type { CertsCommand, CertsContext } from './command.ts';
import { servingCommand } from './serving.ts';
import { verifyCommand } from './verify.ts';
import { yamlCommand } from './yaml.ts';

const COMMANDS: readonly CertsCommand[] = [caCommand, servingCommand, yamlCommand, verifyCommand];

/**
 * `ecr-pull-secrets certs <what>`: for people who bring their own certificates.
 *
 * @throws a UsageError, or another error of the catalogue
 */
export async function runCerts(args: readonly string[], context: CertsContext): Promise<void> {
  const [name, ...rest] = args;
  const command = COMMANDS.find((known) => known.name === name);
  if (command) return await command.run(rest, context);
  if (name === 'help' || wantsHelp(args)) return void context.stdout.write(usage());
  throw createUsageError(problemOf(name), usage());
}

function problemOf(name: string | undefined): string {
  const names = COMMANDS.map((command) => command.name);
  if (name === undefined || name.startsWith('-')) return `say what first: ${names.join(', ')}`;
  return `${JSON.stringify(name)} is unknown${didYouMean(name, names)}`;
}

function usage(): string {
  const lines = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`);
  return `Usage: ${PROGRAM} certs <what> [options]\n\n${lines.join('\n')}\n\nThe options of each: ${PROGRAM} certs serving --help\n`;
}
