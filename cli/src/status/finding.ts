import type { Finding } from '../report/finding.ts';

/** What a finding is about, in the order of the report. */
type Topic = 'release' | 'injection' | 'leader' | 'tokens' | 'namespaces' | 'certificate' | 'fence';

/** What `status` says about one topic of a release. */
export interface StatusFinding extends Finding {
  readonly topic: Topic;
}

/** An instant, and how far it is from now: `2026-12-01T05:52:40Z (in 11 h)`. */
export function whenOf(ms: number, nowMs: number): string {
  const instant = isoOf(ms).replace(/\.\d+Z$/, 'Z');
  const span = spanOf(Math.abs(ms - nowMs));
  return ms > nowMs ? `${instant} (in ${span})` : `${instant} (${span} ago)`;
}

/** As `Date` writes it; a date that it cannot be is the epoch. */
export function isoOf(ms: number): string {
  const date = new Date(ms);
  return (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString();
}

const UNITS = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
] as const;

/** In the largest unit of which there are at least two. */
function spanOf(ms: number): string {
  const [unitMs, unit] = UNITS.find(([each]) => ms >= 2 * each) ?? [1_000, 's'];
  return `${Math.floor(ms / unitMs)} ${unit}`;
}

/** A message of which the end is missing shows that. */
export function shorten(message: string, longest: number): string {
  return message.length > longest ? `${message.slice(0, longest)}…` : message;
}
