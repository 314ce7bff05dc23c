import type { Output } from '@ecr-pull-secrets/shared/command-line/output.ts';

/** A report that comes sooner needs no progress. */
const DELAY_MS = 1_000;

/** Prints what takes longer than a second. */
export function startProgress(stderr: Output, delayMs: number = DELAY_MS) {
  let timer: NodeJS.Timeout | undefined;
  const end = (): void => clearTimeout(timer);
  return {
    doing: (what: string): void => {
      end();
      timer = setTimeout(() => stderr.write(`${what} …\n`), delayMs);
    },
    end,
  };
}
