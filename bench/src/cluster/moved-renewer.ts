import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programPath } from '../processes/node-process.ts';
import type { World } from './contestants.ts';
import { renewerEnvironment } from './renewer.ts';

/** What it uses after its garbage was collected, and all that it has in RAM, in MiB. */
export interface MemoryUse {
  readonly used: number;
  readonly resident: number;
}

/** A leader whose clock runs ahead of that of the machine. */
export interface MovedRenewer {
  /** Lets days pass, in steps. */
  pass(days: number): Promise<void>;
  memory(): Promise<MemoryUse>;
  end(): Promise<void>;
}

/** Much less than the hours and minutes in which the renewer plans. */
const STEP_MS = 120_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** @param moveAws - moves the clock of the stand-in for AWS */
export async function startMovedRenewer(
  { bench, cluster }: World,
  group: string,
  moveAws: (ms: number) => void,
): Promise<MovedRenewer> {
  const program = [process.execPath, '--expose-gc', programPath('moved-renewer')];
  const [command = '', ...args] = [...bench.inMemoryCgroup, ...program];
  const child = bench.guardian.spawn(command, args, {
    environment: await renewerEnvironment(bench, cluster, { group }),
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child;
  if (!stdin || !stdout) throw new TypeError('no streams');
  const ended = once(child, 'exit');
  // Writing to a process that has ended fails; its end is reported below.
  stdin.on('error', () => undefined);
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const ask = async (question: string | number): Promise<string> => {
    stdin.write(`${question}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the renewer in moved time has ended');
    return value;
  };
  return {
    pass: async (days) => {
      for (let step = 0; step < (days * DAY_MS) / STEP_MS; step++) {
        moveAws(STEP_MS);
        await ask(STEP_MS);
      }
    },
    memory: async () => JSON.parse(await ask('memory')),
    end: async () => {
      stdin.end();
      await ended;
    },
  };
}
