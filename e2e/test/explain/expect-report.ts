import type { Test } from 'tap';
import type { Explained, ExplainWorld } from '../support/explain.ts';

export interface ExpectedReport {
  readonly exitCode: number;
  readonly lines: readonly RegExp[];
  /** The command of the last line. */
  readonly run?: string;
}

/** Compares a report of `explain`; no report contains a password. */
export function compareReport(
  t: Test,
  { playground }: Pick<ExplainWorld, 'playground'>,
  { exitCode, stdout, stderr }: Explained,
  expected: ExpectedReport,
): void {
  const [subject = ''] = stdout.split('\n');
  for (const line of expected.lines) t.match(stdout, line, `${subject}: ${line}`);
  if (expected.run !== undefined) t.equal(stdout.trimEnd().split('\n').at(-1), `Run: ${expected.run}`, subject);
  t.equal(exitCode, expected.exitCode, `${stdout}${stderr}`);
  for (const secret of playground.ecr.secrets()) t.notOk(stdout.includes(secret), 'no secret is printed');
}

/** Runs `explain` and compares its report. */
export async function expectReport(
  t: Test,
  world: ExplainWorld,
  subject: string,
  expected: ExpectedReport,
): Promise<void> {
  compareReport(t, world, await world.explain([subject]), expected);
}
