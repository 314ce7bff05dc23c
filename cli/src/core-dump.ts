import { writeFileSync } from 'node:fs';
import { describeError, isSystemError } from '@ecr-pull-secrets/shared/errors.ts';

/** Selects, by bits, which memory of this process a core dump contains (core(5)). */
const FILTER = '/proc/self/coredump_filter';

/**
 * Excludes the memory of this process, and the tokens in it, from core dumps: V8 aborts if it runs out of heap, and
 * a node may allow core dumps of any size. Only registers and the names of mapped files remain. It works with a
 * read-only root, without a shell and without privileges, unlike `ulimit -c 0` and `prctl`.
 *
 * @param warn - called with a message if the kernel has the setting and does not allow to change it
 */
export function keepMemoryOutOfCoreDumps(warn: (message: string) => void, filter = FILTER): void {
  try {
    writeFileSync(filter, '0', { flag: 'r+' });
  } catch (error) {
    // macOS and gVisor have no such file.
    if (isSystemError(error, 'ENOENT')) return;
    warn(`a core dump of this process may contain tokens, because ${filter} cannot be set: ${describeError(error)}`);
  }
}
