/**
 * Measures contestants in turn, so that each round compares them on a machine in the same state. The order of every
 * second round is reversed, so that a machine that becomes slower favours none. A first round, for warming up, is
 * not counted.
 *
 * @param warmUpRounds - none if each measurement starts a process of its own anyway
 * @returns the measurements of each contestant, one for each round
 */
export async function alternate<Contestants extends Readonly<Record<string, () => Promise<unknown>>>>(
  rounds: number,
  contestants: Contestants,
  warmUpRounds?: 0 | 1,
): Promise<{ readonly [Name in keyof Contestants]: readonly Awaited<ReturnType<Contestants[Name]>>[] }>;
export async function alternate(
  rounds: number,
  contestants: Readonly<Record<string, () => Promise<unknown>>>,
  warmUpRounds = 1,
): Promise<Readonly<Record<string, readonly unknown[]>>> {
  const entries = Object.entries(contestants).map(([name, measure]) => ({ name, measure, measured: Array<unknown>() }));
  for (let round = 1 - warmUpRounds; round <= rounds; round++) {
    for (const { measure, measured } of round % 2 === 0 ? entries : entries.toReversed()) {
      const measurement = await measure();
      if (round > 0) measured.push(measurement);
    }
  }
  return Object.fromEntries(entries.map(({ name, measured }) => [name, measured]));
}
