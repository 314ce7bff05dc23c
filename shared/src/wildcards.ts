/**
 * Whether a text matches a pattern as a whole, case-sensitively: `*` is any number of characters, `?` exactly one.
 *
 * Walks through both texts at once. After a mismatch only the last `*` takes one character more: what
 * an earlier one could take instead leads to no other end. So the steps are at most the product of
 * both lengths, where a regular expression tries every way to share a text among many `*`.
 */
export function matchesWildcards(pattern: string, text: string): boolean {
  let inPattern = 0;
  let inText = 0;
  let lastStar = -1;
  let afterStar = 0;
  while (inText < text.length) {
    const wanted = pattern[inPattern];
    if (wanted === '*') {
      lastStar = inPattern++;
      afterStar = inText;
    } else if (wanted === '?' || wanted === text[inText]) {
      inPattern++;
      inText++;
    } else if (lastStar === -1) {
      return false;
    } else {
      inPattern = lastStar + 1;
      inText = ++afterStar;
    }
  }
  return /^\**$/.test(pattern.slice(inPattern));
}
