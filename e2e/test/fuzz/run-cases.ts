import { once } from 'node:events';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { hostileCase } from './hostile-case.ts';
import type { Target } from './hostile-connection.ts';
import { type Answer, judgeAttack, judgeHostile, judgeValid } from './judge.ts';
import { createRandom } from './random.ts';
import { validReview } from './valid-review.ts';

/** Sends the cases of a seed, some at a time, and judges every answer. */
export interface CaseRunner {
  /** The hostile cases from one on up to before another, and valid reviews among them. */
  run(from: number, to: number): Promise<void>;
  /** What became of all cases so far. */
  report(): CasesReport;
}

export interface CasesReport {
  /** Hostile cases of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Hostile bodies that got each status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Valid pods that were injected. */
  readonly injected: number;
  /** What went wrong, with the number of its case. */
  readonly failures: readonly string[];
}

/** After so many hostile cases comes a valid review, over the same connections. */
export const VALID_EVERY = 4;
/** Connections that stay open, as API servers keep up to 25. */
const CONNECTIONS = 16;
/** What an API server waits. */
const TIMEOUT_MS = 5_000;
/** More than a person reads. */
const MAX_FAILURES = 20;

export function createCaseRunner(target: Target, seed: number): CaseRunner {
  const kinds: Record<string, number> = {};
  const statuses: Record<string, number> = {};
  const failures: string[] = [];
  let injected = 0;

  async function run(from: number, to: number): Promise<void> {
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    let next = from;
    const work = async (): Promise<void> => {
      while (next < to && failures.length < MAX_FAILURES) {
        const index = next++;
        await judged(`case ${index}`, () => attempt(index, agent));
        if (index % VALID_EVERY === 0) await judged(`pod ${index}`, () => review(index, agent));
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, work));
    agent.destroy();
  }

  async function judged(name: string, judge: () => Promise<string | undefined>): Promise<void> {
    const problem = await judge().catch(describeError);
    if (problem !== undefined) failures.push(`${name}: ${problem}`);
  }

  async function attempt(index: number, agent: Agent): Promise<string | undefined> {
    const hostile = hostileCase(seed, index);
    count(kinds, hostile.kind);
    if ('attack' in hostile) return judgeAttack(await hostile.attack(target));
    const answer = await post(target, agent, hostile.body);
    count(statuses, String(answer.status));
    return judgeHostile(hostile.body, answer);
  }

  async function review(index: number, agent: Agent): Promise<string | undefined> {
    const valid = validReview(createRandom(~seed, index));
    const problem = judgeValid(valid, await post(target, agent, valid.body));
    if (problem === undefined) injected++;
    return problem;
  }

  return { run, report: () => ({ kinds, statuses, injected, failures }) };
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

async function post(target: Target, agent: Agent, body: Buffer): Promise<Answer> {
  const { host, port, caPem, serverName } = target;
  const outgoing = request({
    agent,
    host,
    port,
    ca: caPem,
    servername: serverName,
    method: 'POST',
    path: '/mutate?timeout=5s',
    headers: { 'content-type': 'application/json', 'content-length': body.length },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  return { status: response.statusCode, text: await text(response) };
}
