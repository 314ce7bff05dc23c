import { compare } from '../measure/statistics.ts';
import type { Result } from '../row.ts';
import type { CountedWritten, Written } from './contestants.ts';

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

function rateOf({ perSecond }: Written): number {
  return perSecond;
}
