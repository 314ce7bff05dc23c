import type { Quartiles } from '../measure/statistics.ts';
import { isReached, type Result, type Target } from '../row.ts';

/** A result for a terminal. */
export function resultLine(result: Result): string {
  const { what, unit, limitName, ours, limit, ratio, target } = result;
  const against = limitName === undefined ? '' : ` (limit: ${limitName.replaceAll('`', '')})`;
  const goal = target ? `, to reach ${targetText(target)}` : '';
  const mark = target ? (isReached(result) ? '✔' : '✘') : ' ';
  return `${mark} ${what}, ${unit}${against}: ${number(ours.median)}, limit ${number(limit.median)}, ratio ${range(ratio)}${goal}`;
}

/** The median, and the quartiles around it. */
export function range({ low, median, high }: Quartiles): string {
  return low === high || !Number.isFinite(median)
    ? number(median)
    : `${number(median)} (${number(low)}–${number(high)})`;
}

/** With three digits, which is more than a run repeats. */
export function number(value: number): string {
  // A ratio to zero; JSON has null for it.
  if (!Number.isFinite(value)) return '–';
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return String(Number(value.toPrecision(3)));
}

/** `≥ 0.8 of the limit` */
export function targetText({ of, is, value }: Target): string {
  const sign = is === 'at least' ? '≥' : '≤';
  return `${sign} ${value}${of === 'ratio' ? ' of the limit' : ''}`;
}
