import { compare, compareBy } from '../measure/statistics.ts';
import type { Result } from '../row.ts';
import type { CountedWritten, Written } from './contestants.ts';

/** How often each of two products writes all secrets. */
export const ROUNDS_OF_COMPARISON = 3;

/** What the rows about many namespaces report. */
export function writeResults(
  count: number,
  {
    ours,
    go,
    tenth,
  }: {
    readonly ours: readonly CountedWritten[];
    readonly go: readonly Written[];
    readonly tenth: CountedWritten;
  },
): readonly Result[] {
  const what = `${count.toLocaleString('en')} namespaces`;
  const perSecond = compare(ours.map(rateOf), go.map(rateOf));
  const cpu = ours.map(({ cpuMsEach }) => cpuMsEach);
  const one = ours.map(() => 1);
  return [
    { what, unit: 'secrets a second', ...perSecond, target: { of: 'ratio', is: 'at least', value: 0.85 } },
    {
      what,
      unit: 'ms of CPU of the client for a secret',
      ...compare(
        cpu,
        go.map(({ cpuMsEach }) => cpuMsEach),
      ),
    },
    {
      what,
      unit: 'ms of CPU of the client for a secret',
      limitName: `itself with ${(count / 10).toLocaleString('en')} namespaces`,
      ...compare(
        cpu,
        cpu.map(() => tenth.cpuMsEach),
      ),
      target: { of: 'ratio', is: 'at most', value: 1.1 },
    },
    {
      what,
      unit: 'applies for a secret',
      limitName: 'one',
      ...compare(
        ours.map(({ appliesEach }) => appliesEach),
        one,
      ),
      // Besides the pull secrets the CA and the checkpoint are written.
      target: { of: 'ratio', is: 'at most', value: 1.01 },
    },
    {
      what,
      unit: 'reads for a secret',
      limitName: 'one',
      ...compare(
        ours.map(({ readsEach }) => readsEach),
        one,
      ),
      target: { of: 'ratio', is: 'at most', value: 0.01 },
    },
  ];
}

/** What they report of the product before and after a change. */
export function comparedWrites(
  count: number,
  ours: readonly CountedWritten[],
  base: readonly CountedWritten[],
): readonly Result[] {
  const what = `${count.toLocaleString('en')} namespaces`;
  return [
    { what, unit: 'secrets a second', ...compareBy(rateOf, ours, base) },
    { what, unit: 'ms of CPU of the client for a secret', ...compareBy(({ cpuMsEach }) => cpuMsEach, ours, base) },
    { what, unit: 'applies for a secret', ...compareBy(({ appliesEach }) => appliesEach, ours, base) },
  ];
}

function rateOf({ perSecond }: Written): number {
  return perSecond;
}
