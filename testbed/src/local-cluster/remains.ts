import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { readdir, readFile, rm } from 'node:fs/promises';

/**
 * The variable that every process of a guardian carries, with the guardian's folder as its value.
 * Children inherit it, so processes are found even when they left their process group, when
 * their ids were never recorded, and a reused id is not mistaken for them.
 */
export const MARK = 'ECR_PULL_SECRETS_GUARDIAN';

const ROUND_MS = 50;
/** Rounds that a process gets between SIGTERM and SIGKILL: one second. */
const POLITE_ROUNDS = 20;
/** Rounds until we give up: a killed process that is still there hangs in the kernel. */
const MAX_ROUNDS = 200;

/**
 * Ends every process that carries the folder's mark, then removes the folder.
 *
 * @throws if a process survives SIGKILL or the folder cannot be removed
 */
export async function removeRemains(directory: string): Promise<void> {
  await endProcesses(directory);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}

async function endProcesses(directory: string): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const pids = await findProcesses(directory);
    if (pids.length === 0) return;
    if (round === 0) signalAll(pids, 'SIGTERM');
    if (round >= POLITE_ROUNDS) signalAll(pids, 'SIGKILL');
    await systemClock.sleep(ROUND_MS);
  }
  throw new Error(`processes of ${directory} cannot be ended`);
}

/** Ids of the living processes that carry the folder's mark. */
export async function findProcesses(directory: string): Promise<number[]> {
  const entry = `${MARK}=${directory}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const marked = await Promise.all(
    // A process that ended meanwhile, or is another user's, is not readable; a zombie's is empty.
    pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')),
  );
  return pids.filter((_, index) => marked[index]?.split('\0').includes(entry));
}

function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself.
    }
  }
}
