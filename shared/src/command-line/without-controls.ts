/**
 * Text for a terminal, which obeys control characters, and shows text behind those of bidirectional text in another
 * order: strangers write names, messages and the responses of servers.
 */
export function withoutControls(text: string): string {
  return text.replace(/(?!\n)[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, '\ufffd');
}
