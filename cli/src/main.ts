#!/usr/bin/env node
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { flush, ignoreWriteErrors } from '@ecr-pull-secrets/shared/command-line/output.ts';
import { PROGRAM } from '@ecr-pull-secrets/shared/command-line/program.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/runtime/stop-signal.ts';
import { keepMemoryOutOfCoreDumps } from './core-dump.ts';
import { run } from './run.ts';

const streams = [process.stdout, process.stderr];
ignoreWriteErrors(streams);
keepMemoryOutOfCoreDumps((message) => void process.stderr.write(`${PROGRAM}: ${message}\n`));

const exitCode = await run({
  args: process.argv.slice(2),
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  stop: stopSignal(process),
});

await flush(streams);

// Everything is done and written now, but a retry of the AWS SDK may keep the process alive.
process.exit(exitCode);
