/** A set whose additions count at once and whose removals count later. */
export interface LaggingSet {
  /** Says what should be in it now. */
  readonly update: (wanted: ReadonlySet<string>) => void;
  /** What is in it, those that are about to leave included, in the order in which they came. */
  values(): readonly string[];
  /** Empties it at once. */
  readonly clear: () => void;
}

/**
 * @param delayMs - called at each removal
 * @param onChange - called after each change
 */
export function createLaggingSet(delayMs: () => number, onChange: () => void): LaggingSet {
  const present = new Set<string>();
  const leaving = new Map<string, NodeJS.Timeout>();

  function stay(value: string): void {
    clearTimeout(leaving.get(value));
    leaving.delete(value);
  }

  function remove(value: string): void {
    stay(value);
    present.delete(value);
  }

  function removeLater(value: string): void {
    const delay = delayMs();
    if (delay <= 0) return remove(value);
    if (leaving.has(value)) return;
    const timer = setTimeout(() => {
      remove(value);
      onChange();
    }, delay);
    leaving.set(value, timer);
  }

  return {
    values: () => [...present],
    update: (wanted) => {
      for (const value of wanted) {
        stay(value);
        present.add(value);
      }
      for (const value of present) if (!wanted.has(value)) removeLater(value);
      onChange();
    },
    clear: () => {
      for (const value of present) remove(value);
      onChange();
    },
  };
}
