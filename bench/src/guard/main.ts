/**
 * `npm run bench-guard -- BASE`: fails if a review takes more CPU in this checkout than in another one, compared with
 * `JSON.parse` in the same run. Each checkout runs its own benchmark, in turn.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { quantileOf } from '../measure/statistics.ts';
import type { Report } from '../run.ts';
import { slowerCases } from './slower-cases.ts';

const HERE = fileURLToPath(new URL('../../..', import.meta.url));
const ROUNDS = 3;

const [, , base = ''] = process.argv;
if (base === '' || !existsSync(join(base, 'package.json'))) {
  process.stderr.write(
    `bench-guard: ${JSON.stringify(base)} is not a checkout\n\nUsage: npm run bench-guard -- BASE\n`,
  );
  process.exitCode = 2;
} else if (existsSync(join(base, 'bench/src/main.ts'))) {
  await guard();
} else {
  process.stdout.write('the other checkout has no benchmark to compare with\n');
}

async function guard(): Promise<void> {
  const ratios = { base: new Map<string, number[]>(), here: new Map<string, number[]>() };
  for (let round = 0; round < ROUNDS; round++) {
    add(ratios.base, await runCompute(base));
    add(ratios.here, await runCompute(HERE));
  }
  const [before, after] = [medians(ratios.base), medians(ratios.here)];
  for (const [what, ratio] of after) {
    process.stdout.write(`${what}: ${ratio.toFixed(2)} times JSON.parse, before ${before.get(what)?.toFixed(2)}\n`);
  }
  const slower = slowerCases(before, after);
  if (slower.length === 0) return;
  process.stderr.write(`slower by more than 10 %: ${slower.join(', ')}\n`);
  process.exitCode = 1;
}

async function runCompute(checkout: string): Promise<Report> {
  const directory = await mkdtemp(join(tmpdir(), 'bench-guard-'));
  try {
    const file = join(directory, 'results.json');
    await promisify(execFile)(process.execPath, ['bench/src/main.ts', 'compute', '--json', file], { cwd: checkout });
    return JSON.parse(await readFile(file, 'utf8'));
  } finally {
    await rm(directory, { recursive: true });
  }
}

function add(ratios: Map<string, number[]>, { rows }: Report): void {
  for (const { what, unit, ratio } of rows.flatMap(({ results }) => results)) {
    if (unit.endsWith('of CPU')) ratios.set(what, [...(ratios.get(what) ?? []), ratio.median]);
  }
}

function medians(ratios: ReadonlyMap<string, readonly number[]>): ReadonlyMap<string, number> {
  return new Map([...ratios].map(([what, values]) => [what, quantileOf(values, 0.5)]));
}
