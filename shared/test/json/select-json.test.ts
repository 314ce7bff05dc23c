import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { SCALAR, type Selection, selectJson } from '../../src/json/select-json.ts';

const LIMITS = { depth: 20_000, values: 1_000, scalarBytes: 4_096 };

/** The fields `b` of `a`, with `c` of each of their items, and the field `c`. */
const SELECTION: Selection = {
  fields: [
    ['a', { fields: [['b', { items: { fields: [['c', SCALAR]] } }]] }],
    ['c', SCALAR],
  ],
};

/** The names that are selected, and others that are close to them. */
const NAMES = ['a', 'b', 'c', 'A', 'ab', '', '__proto__', 'constructor', '\u0061\n', 'Ж', '"'];

const { json: JSON_TREES } = fc.letrec<{ json: unknown; key: string }>((tie) => ({
  key: fc.constantFrom(...NAMES),
  json: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(tie('key'), tie('json'), { maxKeys: 5 }),
  ),
}));

/** Texts that a mutation may insert. */
const PARTS = fc.constantFrom(
  ...'{}[],:"\\ \n\t\u0000\u001f\ufeff'.split(''),
  ...'"a":1, -1 -0 01 1.5 1. .5 1e9 1E-9 1e 1e+ + true nul null \\u0061 \\u00 \\uD800 \\x \\/'.split(' '),
);

t.test('the selected values are those of JSON.parse, and no others are read', (t) => {
  const property = fc.property(JSON_TREES, fc.constantFrom(undefined, 1, '\t', '\r\n'), (tree, indent) => {
    const text = JSON.stringify(tree, undefined, indent);
    assert.deepEqual(read(text), selected(JSON.parse(text), SELECTION));
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3_000 }));
  t.end();
});

t.test('a mutated text is rejected if and only if JSON.parse rejects it', (t) => {
  const counts = { json: 0, other: 0 };
  const property = fc.property(JSON_TREES, PARTS, fc.nat(), fc.nat(3), (tree, part, place, cut) => {
    const text = JSON.stringify(tree);
    const at = place % (text.length + 1);
    const changed = text.slice(0, at) + part + text.slice(at + cut);
    const expected = parsed(changed);
    counts[expected ? 'json' : 'other']++;
    const wanted = expected && { value: selected(expected.value, SELECTION) };
    assert.deepEqual(readOrRefused(changed), wanted);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 10_000 }));
  t.ok(counts.json > 500 && counts.other > 500, JSON.stringify(counts));
  t.end();
});

t.test('the last one of fields with the same name counts, even if its name is escaped', (t) => {
  t.strictSame(read('{"c":1,"c":[0],"c":2}'), { c: 2 });
  t.strictSame(read('{"c":1,"\\u0063":"\\u2028"}'), { c: '\u2028' });
  t.strictSame(read('{"a":{"b":[{"c":1}]},"a":{}}'), { a: {} });
  t.end();
});

t.test('invalid UTF-8 is read as JSON.parse reads its decoded text', (t) => {
  const bytes = Buffer.concat([Buffer.from('{"c":"'), Buffer.from('ffe2c3', 'hex'), Buffer.from('"}')]);
  t.strictSame(selectJson(bytes, SELECTION, LIMITS), JSON.parse(bytes.toString()));
  t.end();
});

t.test('a document beyond a limit is rejected, and one at the limit is accepted', (t) => {
  /** The document, `a` and `b` count as values too. */
  const most = LIMITS.values - 3;

  t.doesNotThrow(() => read(deep(LIMITS.depth)));
  t.match(errorOf(deep(LIMITS.depth + 2)), 'nested more than 20000 levels deep');
  t.match(errorOf('['.repeat(8_000_000)), 'nested more than 20000 levels deep', 'not closed');
  t.doesNotThrow(() => read(items(most)));
  t.match(errorOf(items(most + 1)), 'JSON of more than 1000 values');
  t.match(errorOf(`{${'"\\u0062":0,'.repeat(LIMITS.values)}"c":0}`), 'more than 1000');
  t.match(read(long(LIMITS.scalarBytes)), { c: /^x{4094}$/ });
  t.strictSame(read(long(LIMITS.scalarBytes + 1)), { c: '' });
  t.end();
});

function deep(levels: number): string {
  return `${'[{"x":'.repeat(levels / 2)}0${'}]'.repeat(levels / 2)}`;
}

function items(count: number): string {
  return `{"a":{"b":[${'{},'.repeat(count - 1)}{}]}}`;
}

function long(bytes: number): string {
  return `{"c":"${'x'.repeat(bytes - 2)}"}`;
}

function read(text: string): unknown {
  return selectJson(Buffer.from(text), SELECTION, LIMITS);
}

/** `undefined` if the text is rejected because it is not JSON. */
function readOrRefused(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: read(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function errorOf(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
  return 'it was read';
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

/** The selected part of a complete document. */
function selected(value: unknown, selection: Selection): unknown {
  if (Array.isArray(value)) {
    return 'items' in selection ? value.map((item) => selected(item, selection.items)) : [];
  }
  if (typeof value !== 'object' || value === null) return value;
  const fields = 'fields' in selection ? selection.fields : [];
  const present = new Map(Object.entries(value));
  return Object.fromEntries(
    fields.filter(([name]) => present.has(name)).map(([name, field]) => [name, selected(present.get(name), field)]),
  );
}
