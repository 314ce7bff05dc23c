const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 };

/** One or more whole numbers with a unit, as in cert-manager and Go: `8760h`, `1h30m`, `60s`. */
const DURATION = /^(?:\d+[hms])+$/;

/**
 * Parses a duration into milliseconds.
 *
 * @throws an error with examples of durations
 */
export function parseDurationMs(text: string): number {
  if (!DURATION.test(text)) throw new Error(`"${text}" is not a duration such as 168h, 30m or 60s`);
  const parts = text.matchAll(/(\d+)([hms])/g);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNIT_MS[unit] ?? 0), 0);
}
