/**
 * Parses JSON; `undefined` for text that is none. It never throws, because the parser's message quotes the text, which may
 * contain a token.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An own property of an unknown value; `undefined` if it has none of that name. */
export function propertyOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
