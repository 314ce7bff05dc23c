#!/usr/bin/env node
import { systemClock } from '@ecr-pull-secrets/shared/clock.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/stop-signal.ts';
import { run } from './run.ts';

process.exitCode = await run({
  args: process.argv.slice(2),
  environment: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: systemClock,
  stop: stopSignal(process),
});
