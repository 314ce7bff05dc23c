import { claim, waitForRelease } from './claim.ts';
import type { Progress } from './progress.ts';

/** Does the work while no other process on this machine does it, and reports once that it has to wait. */
export async function whileAlone(name: string, progress: Progress, work: () => Promise<void>): Promise<void> {
  let claimed = await claim(name);
  if (!claimed) progress(`Another process already does this (${name}): waiting for it.`);
  while (!claimed) {
    await waitForRelease(name);
    claimed = await claim(name);
  }
  try {
    await work();
  } finally {
    claimed.release();
  }
}
