import { cut, flip, splice } from './changed-text.ts';
import { KEYS, VALUES } from './hostile-values.ts';
import type { Random } from './random.ts';
import { CONFIDENTIAL, type Json, placesOf, recordedReview, replaceAt, setField, valueAt } from './review.ts';

/**
 * Makes a body of one kind.
 *
 * @param count - how many of that kind there were before
 */
export type BodyMaker = (random: Random, count: number) => Buffer;

const MEBIBYTE = 1024 ** 2;

/** Where everything stands in a review. */
export const PLACES = placesOf(recordedReview());

/** A text that is replaced by one that `JSON.stringify` would not make. */
const PLACEHOLDER = '@placeholder@';

/** Bytes that are no text. */
export const noise: BodyMaker = (random) => random.bytes(random.below(2_000));

export const cutOff: BodyMaker = (random) => cut(toBody(recordedReview()), random);

export const flipped: BodyMaker = (random) => flip(toBody(recordedReview()), random);

export const spliced: BodyMaker = (random) => splice(toBody(recordedReview()), random);

/** JSON that is no review. */
export const otherJson: BodyMaker = (random) => toBody(anyValue(random));

/** One value after another is of a wrong type. */
export const wrongType: BodyMaker = (random, count) => {
  const review = recordedReview();
  const place = PLACES[count % PLACES.length] ?? [];
  return toBody(replaceAt(review, place, otherThan(valueAt(review, place), random)));
};

/** Several values are of a wrong type, also within those that are already. */
export const wrongTypes: BodyMaker = (random) => {
  let review = recordedReview();
  for (let left = 2 + random.below(20); left > 0; left--) {
    const place = PLACES[random.below(PLACES.length)] ?? [];
    review = replaceAt(review, place, anyValue(random));
  }
  return toBody(review);
};

/** As many levels as are read, one more or less, or up to a hundred thousand; closed again or not. */
export const deep: BodyMaker = (random) => {
  const levels = random.pick([50 + random.below(20), 10 ** (1 + random.below(5))]);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['{"__proto__":', '}'],
  ]);
  const end = random.pick([close.repeat(levels), '']);
  return withText(`${open.repeat(levels)}1${end}`, random);
};

/** The most items of what follows: all of them may stand in a list of which every item counts. */
const MAX_ITEMS = 2 ** 16;

/** Thousands of values in a few bytes each. */
export const structure: BodyMaker = (random) => {
  const item = random.pick(['{}', '[]', '0', '[0]', '[[]]', '{"a":0}', '{"34":0}', '""', 'null', '1.5']);
  return withText(
    listOf(() => item, random.below(MAX_ITEMS)),
    random,
  );
};

/** Thousands of keys that are all different, in one object or in many. */
export const uniqueKeys: BodyMaker = (random) => {
  const key = random.pick([(index: number) => `k${index}`, String, (index: number) => `Ж${index}`]);
  const size = random.pick([1, 10, 128, 1_500, MAX_ITEMS]);
  const fields = Array.from({ length: random.below(MAX_ITEMS) }, (_, index) => `"${key(index)}":0`);
  const objects = Array.from(
    { length: Math.ceil(fields.length / size) },
    (_, index) => `{${fields.slice(index * size, (index + 1) * size).join(',')}}`,
  );
  return withText(
    listOf((index) => objects[index] ?? '', objects.length),
    random,
  );
};

/** One key over and over, also one that counts, and written with an escape: the last one counts. */
export const duplicates: BodyMaker = (random) => {
  const [text, escaped] = random.pick([
    ['"image":', '"im\\u0061ge":'],
    ['"spec":', '"s\\u0070ec":'],
    ['"uid":', '"\\u0075id":'],
    ['"containers":', '"containers":'],
  ] as const);
  const value = random.pick(['0', '{}', '[]', 'null', '"x"', '[{"image":"x"}]']);
  const copies = `${random.pick([text, escaped])}${value},`.repeat(1 + random.below(10_000));
  const review = JSON.stringify(recordedReview());
  return Buffer.from(review.replace(text, random.pick([`${copies}${text}`, `${copies}${escaped}`])));
};

/** Up to two mebibytes of one thing, and seldom more than the server takes. */
export const huge: BodyMaker = (random, count) => {
  const isTooLong = count % 20 === 7;
  const bytes = isTooLong ? 11 * MEBIBYTE : 2 ** (16 + random.below(6));
  const part = random.pick([CONFIDENTIAL, '\\u003c', '"', '\\ud83d', '","', 'Ж', '0,']);
  return withText(`"${part.repeat(bytes / Buffer.byteLength(part))}"`, random);
};

/** Keys that should mean nothing, with all sorts of values; some stand there twice. */
export const strangeKeys: BodyMaker = (random) => {
  const review = recordedReview();
  for (let left = 1 + random.below(10); left > 0; left--) {
    const parent = valueAt(review, PLACES[random.below(PLACES.length)] ?? []);
    setField(parent, random.pick(KEYS), anyValue(random));
  }
  return Buffer.from(JSON.stringify(review).replace('"image":', random.pick(['"image":', TWICE])));
};

const TWICE = '"__proto__":{"image":[]},"image":0,"image":';

/** One of its own, that may be changed. */
function anyValue(random: Random): Json {
  return structuredClone(random.pick(VALUES));
}

function otherThan(present: Json, random: Random): Json {
  for (;;) {
    const value = anyValue(random);
    if (typeof value !== typeof present || Array.isArray(value) !== Array.isArray(present)) {
      return value;
    }
  }
}

/** A review in which something stands that was made as text. */
function withText(text: string, random: Random): Buffer {
  const place = PLACES[random.below(PLACES.length)] ?? [];
  const review = JSON.stringify(replaceAt(recordedReview(), place, PLACEHOLDER));
  return Buffer.from(review.replace(`"${PLACEHOLDER}"`, () => text));
}

function listOf(item: (index: number) => string, length: number): string {
  return `[${Array.from({ length }, (_, index) => item(index)).join(',')}]`;
}

function toBody(document: Json): Buffer {
  return Buffer.from(JSON.stringify(document));
}
