import { writeFileSync } from 'node:fs';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';

/** Says which memory of this process a core dump holds, bit by bit (core(5)). */
const FILTER = '/proc/self/coredump_filter';

/**
 * Keeps the memory of this process, and the tokens in it, out of core dumps: V8 aborts if it runs out of heap, and
 * a node may allow core dumps of any size. What is left is registers and the names of mapped files. It works on a
 * read-only root, without a shell and without rights, which `ulimit -c 0` and `prctl` do not.
 *
 * @param warn - gets a message if the kernel has such a setting and does not let it be set
 */
export function keepMemoryOutOfCoreDumps(warn: (message: string) => void, filter = FILTER): void {
  try {
    writeFileSync(filter, '0', { flag: 'r+' });
  } catch (error) {
    // macOS and gVisor have none.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    warn(
      `a core dump of this process may hold tokens, ${filter} cannot be set: ${describeError(error)}`,
    );
  }
}
