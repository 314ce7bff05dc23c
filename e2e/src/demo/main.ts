/** `npm run demo`: the product at work on a real API server, told in a few lines. */
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { stopSignal } from '@ecr-pull-secrets/shared/stop-signal.ts';
import type { Playground } from '../playground/playground.ts';
import { runDemo } from './demo.ts';

const USAGE = `Usage: npm run demo [-- --keep]

  --keep   leave everything up afterwards, until Ctrl-C
`;

/** 128 + the number of SIGINT, as shells report it. */
const INTERRUPTED_EXIT_CODE = 130;

const stop = stopSignal(process);
// Whatever is going on can wait for minutes; the cluster's guardian cleans up after us.
stop.addEventListener('abort', exitInterrupted);

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

function exitInterrupted(): void {
  say('\nInterrupted; nothing is left behind.');
  process.exit(INTERRUPTED_EXIT_CODE);
}

async function stayUp({ cluster }: Playground): Promise<void> {
  stop.removeEventListener('abort', exitInterrupted);
  say('\nEverything stays up. Look around in another terminal:');
  say(`  ${cluster.kubectlHint()}`);
  say('Ctrl-C ends it and leaves nothing behind.');
  if (!stop.aborted) await once(stop, 'abort');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
