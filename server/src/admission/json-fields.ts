/**
 * Reads JSON from an untrusted sender: no field is assumed to exist or to have its type,
 * nothing is copied and nothing throws. Only own fields count, so a key named `__proto__` or
 * `constructor` is a key like any other.
 */

/** Whether a value is a JSON object; lists and `null` are not. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of an object; `undefined` if the value is not an object or lacks the field. */
export function fieldOf(value: unknown, name: string): unknown {
  return isJsonObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

/** A field that is a string; `undefined` if it is anything else. */
export function textOf(value: unknown, name: string): string | undefined {
  const field = fieldOf(value, name);
  return typeof field === 'string' ? field : undefined;
}

/** The items of a field that is a list; none if it is anything else. */
export function itemsOf(value: unknown, name: string): readonly unknown[] {
  const field = fieldOf(value, name);
  return Array.isArray(field) ? field : [];
}
