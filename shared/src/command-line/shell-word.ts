import { withoutControls } from './without-controls.ts';

/**
 * A word of a command that a person copies: quoted, if a shell would not take it as it is. It is on one line, because a
 * name with line breaks, which no object has, must not look like another command.
 */
export function shellWord(text: string): string {
  const line = withoutControls(text).replaceAll('\n', '\ufffd');
  return /^[\w@%+=:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}
