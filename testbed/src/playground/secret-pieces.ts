/** So long a piece of a secret stands nowhere by chance. */
const PIECE_LENGTH = 24;

/** Shorter texts are no secrets. */
const SHORTEST_LENGTH = 16;

/** Finds pieces of secrets in texts, whole, cut or encoded. */
export interface SecretPieces {
  /** Whether a text holds 48 characters or more of a secret in a row, or all of a shorter one. */
  areIn(text: string): boolean;
}

/**
 * Every piece of the secrets, and of their base64 in each of the three ways in which it can stand in a
 * longer encoded text, is looked up for every piece of a text that begins at a multiple of its length:
 * of what is twice as long one is inside. So the time depends on the texts alone.
 */
export function createSecretPieces(secrets: readonly string[]): SecretPieces {
  const forms = secrets
    .flatMap((secret) => [secret, ...encodedForms(secret)])
    .filter((form) => form.length >= SHORTEST_LENGTH);
  const pieces = new Set(forms.flatMap(piecesOf));
  const short = forms.filter((form) => form.length < 2 * PIECE_LENGTH);
  return {
    areIn: (text) => {
      if (short.some((secret) => text.includes(secret))) return true;
      for (let start = 0; start + PIECE_LENGTH <= text.length; start += PIECE_LENGTH) {
        if (pieces.has(text.slice(start, start + PIECE_LENGTH))) return true;
      }
      return false;
    },
  };
}

/** What base64 makes of a secret behind zero, one or two other bytes; without what depends on neighbours. */
function encodedForms(secret: string): readonly string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]).toString('base64');
    return encoded.slice(before === 0 ? 0 : 4, -4);
  });
}

function piecesOf(text: string): readonly string[] {
  const count = Math.max(0, text.length - PIECE_LENGTH + 1);
  return Array.from({ length: count }, (_, start) => text.slice(start, start + PIECE_LENGTH));
}
