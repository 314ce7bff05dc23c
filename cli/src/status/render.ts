import { commandOf, conclusionOf, type Finding, healthOf, type State } from '../report/finding.ts';
import { withoutControls } from '@ecr-pull-secrets/shared/command-line/without-controls.ts';
import type { Report } from './report.ts';

/** Raised if a field of the report for programs changes its meaning or disappears. */
const SCHEMA_VERSION = 1;

/** Problems first. */
const ORDER: readonly State[] = ['problem', 'unknown', 'note', 'ok'];

/** All findings, those of the releases included. */
export function findingsOf({ releases, findings }: Report): readonly Finding[] {
  return [...findings, ...releases.flatMap((release) => release.findings)];
}

/** The report for a person. */
export function renderText(report: Report): string {
  const sections = report.releases.map(({ namespace, name, findings }) => {
    const lines = inOrder(findings).map(
      ({ topic, state, message }) => `  ${state.padEnd(7)}  ${topic.padEnd(11)}  ${message.replaceAll('\n', ' ')}\n`,
    );
    return `${name} in the namespace ${namespace}\n\n${lines.join('')}\n`;
  });
  const general = report.findings.map(
    ({ state, message }) => `  ${state.padEnd(7)}  ${message.replaceAll('\n', ' ')}\n`,
  );
  const all = findingsOf(report);
  const command = commandOf(all);
  const end = command === undefined ? conclusionOf(all) : `Run: ${command}`;
  return withoutControls(`${sections.join('')}${general.length > 0 ? `${general.join('')}\n` : ''}${end}\n`);
}

/** A stable sort: within a state the order of the topics stays. */
function inOrder<T extends Finding>(findings: readonly T[]): readonly T[] {
  return findings.toSorted((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
}

/**
 * The report for a program.
 *
 * @param indent - none for one line
 */
export function renderJson(report: Report, indent?: number): string {
  const all = findingsOf(report);
  const head = { schemaVersion: SCHEMA_VERSION, health: healthOf(all), command: commandOf(all) };
  return `${JSON.stringify({ ...head, ...report }, undefined, indent)}\n`;
}
