import { isMap, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';

/** A value of the chart, or a group of them. */
export interface ChartValue {
  /** As for `--set`. */
  readonly path: string;
  /** JSON; `undefined` for a group. */
  readonly defaultValue: string | undefined;
  /** The comment above it, a line each. */
  readonly comment: readonly string[];
  /** If a section begins with the value: its title and the lines of its description, which begin with `##`. */
  readonly heading: readonly string[];
}

/** The part of a JSON schema that separates a group of ours from a map of Kubernetes' own. */
export interface ValuesSchema {
  readonly properties?: Readonly<Record<string, ValuesSchema>>;
}

/**
 * Reads a chart's `values.yaml` in its order.
 *
 * @param schema - keys that it names below a key are values of their own
 */
export function readChartValues(text: string, schema: ValuesSchema): readonly ChartValue[] {
  const { contents } = parseDocument(text);
  return isMap(contents) ? valuesIn(contents, schema, '') : [];
}

function valuesIn(map: YAMLMap, schema: ValuesSchema, prefix: string): readonly ChartValue[] {
  return map.items.flatMap((pair, index) => {
    const key = keyOf(pair);
    const path = `${prefix}${key}`;
    const { [key]: own = {} } = schema.properties ?? {};
    // The comment above the first key belongs to the map for the library.
    const comment = (index === 0 ? map.commentBefore : undefined) ?? commentOf(pair);
    const value = { path, comment: linesOf(comment), heading: headingOf(comment) };
    if (isMap(pair.value) && own.properties) {
      const group = { ...value, defaultValue: undefined };
      return [group, ...valuesIn(pair.value, own, `${path}.`)];
    }
    return [{ ...value, defaultValue: JSON.stringify(jsonOf(pair.value)) }];
  });
}

function keyOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function commentOf({ key }: Pair): string {
  return (isScalar(key) && key.commentBefore) || '';
}

/** What stands apart by an empty line is about more than the key. */
function linesOf(comment: string): readonly string[] {
  const [last = ''] = comment.split(/\n\s*\n/).slice(-1);
  return last.split('\n').filter((line) => line.trim() !== '');
}

function headingOf(comment: string): readonly string[] {
  const lines = comment.split('\n').filter((line) => line.startsWith('#'));
  return lines.map((line) => line.replace(/^# */, ''));
}

function jsonOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return 'toJSON' in value && typeof value.toJSON === 'function' ? value.toJSON() : value;
}
