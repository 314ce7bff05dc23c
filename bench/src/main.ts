/** `npm run bench`: the product against its limits. */
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { wantsHelp } from '@ecr-pull-secrets/shared/command-line/usage.ts';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { requireLinux } from '@ecr-pull-secrets/testbed/local-cluster/settings.ts';
import { type Options, readArguments, usage } from './command-line.ts';
import { createMemoryCgroup } from './measure/memory-cgroup.ts';
import { ROWS } from './rows.ts';
import { run, type RunDependencies } from './run.ts';

const args = process.argv.slice(2);
const options = readArguments(ROWS, args);
if (wantsHelp(args)) {
  print(usage(ROWS));
} else if ('problem' in options) {
  process.stderr.write(`bench: ${options.problem}\n\n${usage(ROWS)}`);
  process.exitCode = 2;
} else {
  process.exitCode = await runAll(options);
}

async function runAll({ jsonFile, ...rows }: Options): Promise<number> {
  requireLinux(process.platform);
  const guardian = await startGuardian();
  const memoryCgroup = await createMemoryCgroup();
  const close = async (): Promise<void> => {
    await guardian.close();
    await memoryCgroup.close();
  };
  // What goes on fails when its processes end; the exit comes first. Shells expect 128 and the number of the signal.
  let isInterrupted = false;
  for (const [signal, exitCode] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    process.once(signal, () => {
      isInterrupted = true;
      print('\nInterrupted');
      void close().finally(() => process.exit(exitCode));
    });
  }
  try {
    await run({ guardian, memoryCgroup, print, save: await saveTo(jsonFile) }, rows);
    return 0;
  } catch (error) {
    if (isInterrupted) return await new Promise<never>(() => undefined);
    process.stderr.write(`bench: ${describeError(error)}\n`);
    return 1;
  } finally {
    await close();
  }
}

/** @throws if the file cannot be written: now, and not after the first row */
async function saveTo(jsonFile: string | undefined): Promise<RunDependencies['save']> {
  if (jsonFile === undefined) return async () => undefined;
  await mkdir(dirname(jsonFile), { recursive: true });
  // Keeps the results of an earlier run until there are new ones.
  await appendFile(jsonFile, '');
  return (report) => writeFile(jsonFile, `${JSON.stringify(report, null, 2)}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
