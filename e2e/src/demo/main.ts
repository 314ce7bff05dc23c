/** `npm run demo`: the product at work on a real API server, in a few lines. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/runtime/stop-signal.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { runDemo } from './demo.ts';

const USAGE = `Usage: npm run demo [-- --keep]

  --keep   leave everything up afterwards, until Ctrl-C
`;

// Whatever is going on can wait for minutes; the cluster's guardian cleans up after us.
process.on('SIGINT', leaveAtOnce);
process.on('SIGTERM', leaveAtOnce);

try {
  const { values } = parseArgs({
    options: { keep: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) process.stdout.write(USAGE);
  else await runDemo({ say, stay: values.keep ? stayUp : async () => undefined });
} catch (error) {
  process.stderr.write(`\nThe demo failed: ${describeError(error)}\n`);
  process.exitCode = 1;
}

/** The exit code is the one that shells report of a process that the signal ended. */
function leaveAtOnce(signal: NodeJS.Signals, number: number): void {
  say(`\nInterrupted by ${signal}: all that was started ends within seconds, and its files go with it.`);
  process.exit(128 + number);
}

async function stayUp({ cluster }: Playground): Promise<void> {
  const stop = stopSignal(process);
  process.off('SIGINT', leaveAtOnce);
  process.off('SIGTERM', leaveAtOnce);
  say('\nEverything stays up. Look around in another terminal:');
  say(`  ${cluster.kubectlHint()}`);
  say('Ctrl-C ends it and leaves nothing behind.');
  await once(stop, 'abort');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
