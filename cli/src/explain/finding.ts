/** `problem`: it is wrong. `unknown`: it could not be determined. `note`: it is neither good nor bad. */
export type State = 'ok' | 'problem' | 'unknown' | 'note';

/** The result of one step. */
export interface Finding {
  readonly step: 'namespace' | 'label' | 'webhook' | 'pod' | 'secret' | 'image' | 'pull';
  readonly state: State;
  readonly message: string;
  /** What a person runs next. */
  readonly command?: string;
}

/** 1 if there is a problem, else 2 if something could not be determined, else 0. */
export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ state }) => state === 'problem')) return 1;
  return findings.some(({ state }) => state === 'unknown') ? 2 : 0;
}

/** The command of the first problem, else of the first finding that could not be determined. */
function commandOf(findings: readonly Finding[]): string | undefined {
  const inOrder = ['problem', 'unknown'].flatMap((state) => findings.filter((finding) => finding.state === state));
  return inOrder.find(({ command }) => command !== undefined)?.command;
}

/** The report for a person. */
export function renderText(subject: string, findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ step, state, message }) => `  ${state.padEnd(7)}  ${step.padEnd(9)}  ${message.replaceAll('\n', ' ')}\n`,
  );
  const command = commandOf(findings);
  const exitCode = exitCodeOf(findings);
  const onlyOfPods = exitCode === 0 && !subject.includes('/') ? ` ${IMAGES_OF_A_POD}` : '';
  const end = command === undefined ? `${CONCLUSIONS[exitCode]}${onlyOfPods}` : `Run: ${command}`;
  return withoutControls(`${subject}\n\n${lines.join('')}\n${end}\n`);
}

/** Names of images and messages are written by strangers, and a terminal obeys control characters. */
function withoutControls(text: string): string {
  return text.replace(/[^\P{Cc}\n]/gu, '�');
}

const IMAGES_OF_A_POD = 'To examine images and pulls too, name a pod: NAMESPACE/POD.';

const CONCLUSIONS: Readonly<Record<number, string>> = {
  0: 'No problem found.',
  1: 'Correct the first problem, and run this command again.',
  2: 'No problem found, but not everything could be determined.',
};

/** The report for a program. */
export function renderJson(subject: string, findings: readonly Finding[]): string {
  const health = ['ok', 'problem', 'unknown'][exitCodeOf(findings)];
  return `${JSON.stringify({ subject, health, command: commandOf(findings), findings }, undefined, 2)}\n`;
}
