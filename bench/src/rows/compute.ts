import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readReviews, type Review } from '../load/reviews.ts';
import { alternate } from '../measure/alternate.ts';
import { compare, quantileOf } from '../measure/statistics.ts';
import { startNode } from '../processes/node-process.ts';
import type { Bench, Result, Row } from '../row.ts';

const ROUNDS = 11;
const BATCH_MS = 200;
const ROUNDS_OF_COMPARISON = 5;

interface Batch {
  readonly us: number;
  readonly p99Us: number;
}

/** A review without the network. */
export const compute: Row = {
  name: 'compute',
  work: 'a review without the network: the bytes of a body in, the bytes of the answer out',
  limit: '`JSON.parse` of the same body',
  seconds: 20,
  measure: async (bench) => {
    const { small, large, huge } = await readReviews();
    const ofSmall = await measureCase(bench, small);
    const ofLarge = await measureCase(bench, large);
    const ofHuge = await measureCase(bench, huge);
    return [
      ...[ofSmall, ofLarge, ofHuge].flatMap(({ results }) => results),
      {
        what: huge.name,
        unit: 'ns of CPU for a byte',
        limitName: `itself with ${large.name}`,
        ...compare(nanosecondsPerByte(ofHuge, huge), nanosecondsPerByte(ofLarge, large)),
        target: { of: 'ratio', is: 'at most', value: 1.1 },
      },
    ];
  },
  compare: async (after, before) => {
    const { small, large, huge } = await readReviews();
    const results: Result[] = [];
    for (const review of [small, large, huge]) {
      after.progress(review.name);
      const measured = await alternate(ROUNDS_OF_COMPARISON, {
        ours: () => costOf(after, review),
        base: () => costOf(before, review),
      });
      results.push({ what: review.name, unit: 'µs of CPU', ...compare(measured.ours, measured.base) });
    }
    return results;
  },
};

/** Each starts the program of its checkout, which measures several batches. */
async function costOf(bench: Bench, review: Review): Promise<number> {
  return quantileOf(
    (await runProgram(bench, review)).map(({ review: { us } }) => us),
    0.5,
  );
}

function nanosecondsPerByte({ ours }: Measured, { body }: Review): readonly number[] {
  return ours.map(({ us }) => (us * 1_000) / body.length);
}

interface Measured {
  readonly ours: readonly Batch[];
  readonly results: readonly Result[];
}

async function measureCase(bench: Bench, review: Review): Promise<Measured> {
  bench.progress(review.name);
  const rounds = await runProgram(bench, review);
  const [ours, limit] = [rounds.map((round) => round.review), rounds.map((round) => round.parse)];
  const results: Result[] = [
    {
      what: review.name,
      unit: 'µs of CPU',
      ...compare(
        ours.map(({ us }) => us),
        limit.map(({ us }) => us),
      ),
      target: { of: 'ratio', is: 'at most', value: 1.5 },
    },
    {
      what: review.name,
      unit: 'µs, p99',
      ...compare(
        ours.map(({ p99Us }) => p99Us),
        limit.map(({ p99Us }) => p99Us),
      ),
    },
  ];
  return { ours, results };
}

async function runProgram(
  bench: Bench,
  { body }: Review,
): Promise<readonly { readonly review: Batch; readonly parse: Batch }[]> {
  const file = join(bench.guardian.directory, 'compute.json');
  await writeFile(file, body);
  const path = join(bench.product.checkout, 'bench/src/programs/compute.ts');
  const program = startNode(bench, [path, String(ROUNDS), String(BATCH_MS), file]);
  await program.ended;
  return (await program.output())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}
