import { ROOT_VALUES } from './known-names.ts';

/** The keys of `--set` in a command, as paths. A dot in a key has a backslash. */
export function settingsOf(command: string): readonly string[] {
  const options = command.matchAll(/--set(?:-string|-json|-file)? ['"]?([^\s'"]+)/g);
  return [...options].flatMap(([, setting = '']) =>
    [...setting.replaceAll('\\.', '-').matchAll(/(?<=^|,)[\w.[\]-]+(?==)/g)].map(([key]) => key),
  );
}

/** The paths of values of the chart in a YAML document: a file of values, or an object of Argo CD or Flux. */
export function valuesIn(document: unknown): readonly string[] {
  if (!isObject(document)) return [];
  const isFile = !('apiVersion' in document) && Object.keys(document).some((key) => ROOT_VALUES.has(key));
  return isFile ? pathsOf(document) : valuesWithin(document);
}

function valuesWithin(object: object): readonly string[] {
  return Object.entries(object).flatMap(([key, value]: [string, unknown]) => {
    if (!isObject(value)) return [];
    return /^values(?:Object)?$/.test(key) ? pathsOf(value) : valuesWithin(value);
  });
}

function pathsOf(values: object): readonly string[] {
  return Object.entries(values).flatMap(([dottedKey, value]: [string, unknown]) => {
    const key = dottedKey.replaceAll('.', '-');
    const below = isObject(value) && !Array.isArray(value) ? pathsOf(value) : [];
    return below.length > 0 ? below.map((path) => `${key}.${path}`) : [key];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
