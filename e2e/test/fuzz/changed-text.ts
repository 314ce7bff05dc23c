import type { Random } from './random.ts';

/** The beginning of a text. */
export function cut(text: Buffer, random: Random): Buffer {
  return text.subarray(0, random.below(text.length));
}

/** A few bytes are others. */
export function flip(text: Buffer, random: Random): Buffer {
  const changed = Buffer.from(text);
  for (let count = 1 + random.below(4); count > 0; count--) {
    changed.writeUInt8(random.below(256), random.below(changed.length));
  }
  return changed;
}

/** What a parser may stumble over. */
const TOKENS = [
  ...'{}[],:"\\\'\n\u0000\ufeff'.split(''),
  ...'\\u \\ud800 \\u0000 NaN Infinity - 01 1e999 .5 undefined //x /**/'.split(' '),
];

/** Somewhere a part is gone, is there twice, or something was put in. */
export function splice(text: Buffer, random: Random): Buffer {
  const start = random.below(text.length);
  const end = start + random.below(Math.min(200, text.length - start));
  const middle = random.pick([
    Buffer.alloc(0),
    Buffer.concat([text.subarray(start, end), text.subarray(start, end)]),
    Buffer.from(random.pick(TOKENS)),
    random.bytes(1 + random.below(8)),
  ]);
  return Buffer.concat([text.subarray(0, start), middle, text.subarray(end)]);
}
