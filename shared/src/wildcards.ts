/**
 * Whether a pattern matches a whole text, case-sensitively: `*` matches any number of characters, `?` exactly one.
 *
 * It walks through both at the same time. After a mismatch only the last `*` takes one more character, because
 * a longer match of an earlier one cannot change the result. So the number of steps is at most the product of
 * both lengths, while a regular expression tries every way to divide a text among many `*`.
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
