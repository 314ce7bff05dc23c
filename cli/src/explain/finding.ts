import {
  commandOf,
  conclusionOf,
  exitCodeOf,
  type Finding as AnyFinding,
  findingsWith,
  healthOf,
} from '../report/finding.ts';
import { withoutControls } from '@ecr-pull-secrets/shared/command-line/without-controls.ts';

/** The result of one step. */
export interface Finding extends AnyFinding {
  readonly step: 'namespace' | 'label' | 'webhook' | 'pod' | 'secret' | 'image' | 'pull';
}

/** Functions that create the findings of a step. */
export const findingsOfStep = (step: Finding['step']) => findingsWith({ step });

/** The report for a person. */
export function renderText(subject: string, findings: readonly Finding[]): string {
  const lines = findings.map(
    ({ step, state, message }) => `  ${state.padEnd(7)}  ${step.padEnd(9)}  ${message.replaceAll('\n', ' ')}\n`,
  );
  const command = commandOf(findings);
  const exitCode = exitCodeOf(findings);
  const onlyOfPods = exitCode === 0 && !subject.includes('/') ? ` ${IMAGES_OF_A_POD}` : '';
  const end = command === undefined ? `${conclusionOf(findings)}${onlyOfPods}` : `Run: ${command}`;
  return withoutControls(`${subject}\n\n${lines.join('')}\n${end}\n`);
}

const IMAGES_OF_A_POD = 'To examine images and pulls too, name a pod: NAMESPACE/POD.';

/** The report for a program. */
export function renderJson(subject: string, findings: readonly Finding[]): string {
  const health = healthOf(findings);
  return `${JSON.stringify({ subject, health, command: commandOf(findings), findings }, undefined, 2)}\n`;
}
