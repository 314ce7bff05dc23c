/** A registry's key and what is under it. */
export type AuthEntry = readonly [key: string, entry: unknown];

/**
 * Reads the `auths` of a `.dockerconfigjson`. The kubelet matches the names of members without regard to case, and
 * merges members of the same name in its own way (Go's `encoding/json`). A text with such members is not read.
 *
 * @returns `undefined` if an object in it has two members with the same name, ignoring case
 */
export function readAuths(json: string): readonly AuthEntry[] | undefined {
  const config = parse(json);
  if (config === undefined) return [];
  if (countMembers(json) !== countNames(config)) return undefined;
  const auths = memberOf(config, 'auths');
  return typeof auths === 'object' && auths !== null ? Object.entries(auths) : [];
}

/** The text in an object under a name, ignoring case. */
export function textIn(object: unknown, name: string): string | undefined {
  const value = memberOf(object, name);
  return typeof value === 'string' ? value : undefined;
}

/** The API server accepts any JSON there, but the kubelet reads only an object, and nothing that is no JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The value in an object under a name, ignoring case, as Go's `encoding/json` and so the kubelet read it. */
export function memberOf(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  return Object.entries(object).find(([each]) => fold(each) === fold(name))?.[1];
}

/** Go treats the long s as an "s" too. */
function fold(name: string): string {
  return name.toUpperCase();
}

/** How many members all objects in a text have; without meaning if it is no JSON. */
function countMembers(json: string): number {
  let count = 0;
  let isInString = false;
  for (let index = 0; index < json.length; index++) {
    const character = json[index];
    if (character === '\\') index++;
    else if (character === '"') isInString = !isInString;
    else if (character === ':' && !isInString) count++;
  }
  return count;
}

/** How many names all objects in a value have; without recursion, since a stranger may nest as deep as fits. */
function countNames(value: unknown): number {
  let count = 0;
  const found = [value];
  for (const each of found) {
    if (typeof each !== 'object' || each === null) continue;
    found.push(...Object.values(each));
    if (!Array.isArray(each)) count += new Set(Object.keys(each).map(fold)).size;
  }
  return count;
}
