/** The entries of a list in a text: blanks around an entry and empty entries are ignored. */
export function splitList(text: string, separator: string | RegExp = ','): readonly string[] {
  return text
    .split(separator)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
