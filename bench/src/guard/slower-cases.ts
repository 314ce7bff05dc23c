/** How much more a case may take: less than a change that matters, and more than two runs of the same code differ. */
const TOLERANCE = 1.1;

/** The cases that take more than before. A case that is new is compared with nothing. */
export function slowerCases(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): readonly string[] {
  return [...after].filter(([what, ratio]) => ratio > (before.get(what) ?? ratio) * TOLERANCE).map(([what]) => what);
}
