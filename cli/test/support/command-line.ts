import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { run } from '../../src/run.ts';

/** The visible result of a command. */
export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly clock?: FakeClock;
  /** Whether stdout is a terminal. */
  readonly isTTY?: boolean;
}

/** Runs `ecr-pull-secrets` with arguments in this process. */
export async function runLine(
  args: readonly string[],
  { clock = createFakeClock(), isTTY = false }: RunOptions = {},
): Promise<Outcome> {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await run({
    args,
    environment: {},
    stdout: { write: (text) => out.push(text), isTTY },
    stderr: { write: (text) => err.push(text) },
    clock,
    stop: new AbortController().signal,
  });
  return { exitCode, stdout: out.join(''), stderr: err.join('') };
}
