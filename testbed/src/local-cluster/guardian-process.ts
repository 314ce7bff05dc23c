/**
 * The supervisor behind `guardian.ts`: makes the folder, waits until its parent is gone, cleans up.
 * Run as `node guardian-process.ts <parent folder>` with an IPC channel.
 */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { removeRemains } from './remains.ts';

/** Claims that were handed over; the kernel drops them when this process ends. */
const held: unknown[] = [];

process.title = 'ecr-pull-secrets guardian';
// A signal to a whole process tree ends our parent too, and that is our sign.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.on('message', (_message, handle) => held.push(handle));

const directory = await mkdtemp(join(process.argv[2] ?? '', 'ecr-pull-secrets-'));
process.once('disconnect', () => void finish());
if (process.connected) process.send?.(directory, () => undefined);
else await finish();

async function finish(): Promise<void> {
  await removeRemains(directory);
  process.exit();
}
