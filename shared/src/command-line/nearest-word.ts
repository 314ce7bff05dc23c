/** The candidate that is nearest to a mistyped or shortened word; `undefined` if none is near. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  const completed = candidates.find((candidate) => word !== '' && candidate.startsWith(word));
  if (completed) return completed;
  const limit = Math.min(2, Math.floor(word.length / 2));
  return candidates
    .map((candidate) => ({ candidate, edits: editsBetween(word, candidate) }))
    .filter(({ edits }) => edits <= limit)
    .toSorted((a, b) => a.edits - b.edits)[0]?.candidate;
}

/** Levenshtein's distance: the number of characters to add, to remove or to change. */
function editsBetween(one: string, other: string): number {
  let above = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [index, character] of Array.from(one).entries()) {
    const row = [index + 1];
    for (const [column, otherCharacter] of Array.from(other).entries()) {
      const dropped = (above[column + 1] ?? 0) + 1;
      const added = (row[column] ?? 0) + 1;
      const changed = (above[column] ?? 0) + (character === otherCharacter ? 0 : 1);
      row.push(Math.min(dropped, added, changed));
    }
    above = row;
  }
  return above.at(-1) ?? 0;
}
