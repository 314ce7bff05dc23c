#!/usr/bin/env node
import { describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/stop-signal.ts';
import { findCommand, usage } from './commands.ts';

const name = process.argv[2];

if (name === '--help' || name === '-h' || name === 'help') {
  process.stdout.write(usage());
} else {
  const exitCode = await runCommand(name);
  // All that matters is done and written by now. The AWS SDK may wait to ask a silent service again.
  process.exit(exitCode);
}

async function runCommand(commandName: string | undefined): Promise<number> {
  const command = findCommand(commandName);
  if (!command) {
    process.stderr.write(`ecr-pull-secrets: unknown command "${commandName}"\n\n${usage()}`);
    return 2;
  }
  try {
    await command.run(process.env, stopSignal(process));
    return 0;
  } catch (error) {
    const code = isCodedError(error) ? ` [${error.code}]` : '';
    process.stderr.write(`ecr-pull-secrets ${command.name}: ${describeError(error)}${code}\n`);
    return command.failureExitCode ?? 1;
  }
}
