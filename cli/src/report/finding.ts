/** `problem`: it is wrong. `unknown`: it could not be determined. `note`: it is neither good nor bad. */
export type State = 'ok' | 'problem' | 'unknown' | 'note';

/** What a report says about one thing. */
export interface Finding {
  readonly state: State;
  readonly message: string;
  /** What a person runs next. */
  readonly command?: string;
}

/** Functions that create findings of each state; `fields` are what all of them have, such as their topic. */
export function findingsWith<const Fields extends object>(fields: Fields) {
  const create =
    (state: State) =>
    (message: string, command?: string): Fields & Finding => ({
      ...fields,
      state,
      message,
      ...(command === undefined ? {} : { command }),
    });
  return { ok: create('ok'), problem: create('problem'), unknown: create('unknown'), note: create('note') };
}

/** 1 if there is a problem, else 2 if something could not be determined, else 0. */
export function exitCodeOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ state }) => state === 'problem')) return 1;
  return findings.some(({ state }) => state === 'unknown') ? 2 : 0;
}

const CONCLUSIONS = [
  'No problem found.',
  'Correct the first problem, and run this command again.',
  'No problem found, but not everything could be determined.',
] as const;

/** The last line of a report without a command. */
export function conclusionOf(findings: readonly Finding[]): string {
  return CONCLUSIONS[exitCodeOf(findings)];
}

/** The exit code as a word of the report for programs. */
export function healthOf(findings: readonly Finding[]) {
  return (['ok', 'problem', 'unknown'] as const)[exitCodeOf(findings)];
}

/** The command of the first problem, else of the first finding that could not be determined. */
export function commandOf(findings: readonly Finding[]): string | undefined {
  const inOrder = ['problem', 'unknown'].flatMap((state) => findings.filter((finding) => finding.state === state));
  return inOrder.find(({ command }) => command !== undefined)?.command;
}
