/** `npm run fuzz`: a hundred thousand hostile bodies for a webhook of its own. */
import { parseArgs } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { readSeed, wholeNumber } from './seed.ts';
import { describeFootprint, soak } from './soak.ts';

const USAGE = `Usage: npm run fuzz [-- [--seed <number>] [--cases <number>]]

  --seed    repeats a run; SEED by default, else a new one
  --cases   how many; 100000 by default
`;

try {
  const { values } = parseArgs({
    options: { seed: { type: 'string' }, cases: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) say(USAGE);
  else await fuzz(readSeed(values.seed ?? process.env['SEED']), wholeNumber(values.cases ?? '100000'));
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`);
  process.exitCode = 1;
}

async function fuzz(seed: number, cases: number): Promise<void> {
  say(`Seed ${seed}, ${cases} hostile cases`);
  const startMs = performance.now();
  const { kinds, statuses, injected, warm, end, problems } = await soak({
    seed,
    cases,
    progress: say,
  });
  say(`Took ${Math.round((performance.now() - startMs) / 1000)} s.`);
  say(`Cases: ${describeCounts(kinds)}.`);
  say(`Answers to bodies: ${describeCounts(statuses)}.`);
  say(`Valid pods among them, injected: ${injected}.`);
  say(`Once warm: ${describeFootprint(warm)}. At the end: ${describeFootprint(end)}.`);
  if (problems.length > 0) throw new Error(`With seed ${seed}:\n${problems.join('\n')}`);
}

/** `200: 5, 400: 7` */
function describeCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${name}: ${count}`)
    .join(', ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
