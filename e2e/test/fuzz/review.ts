import { readFileSync } from 'node:fs';

/** A JSON value, to be changed at will. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Stands in every pod, so that it is seen when anything of a pod comes back or is logged. */
export const CONFIDENTIAL = 'hunter2-that-no-one-may-know';

/** Recorded from a real API server. */
const RECORDED = readFileSync(
  new URL('../../../server/test/fixtures/admission-review.pod.json', import.meta.url),
  'utf8',
);

/** A review with all its fields, of a pod that needs the secret; each call makes a new one. */
export function recordedReview(): Json {
  const review = JSON.parse(RECORDED);
  const { metadata, spec } = review.request.object;
  metadata.annotations.confidential = CONFIDENTIAL;
  spec.containers[0].env.push({ name: 'PASSWORD', value: CONFIDENTIAL });
  return review;
}

/** The steps from the root of a document to a value. */
export type Place = readonly (string | number)[];

/** Where values stand in a document, objects and lists too; the document itself comes first. */
export function placesOf(value: Json, place: Place = []): Place[] {
  if (Array.isArray(value)) {
    return [place, ...value.flatMap((item, index) => placesOf(item, [...place, index]))];
  }
  if (typeof value !== 'object' || value === null) return [place];
  return [place, ...Object.entries(value).flatMap(([key, own]) => placesOf(own, [...place, key]))];
}

export function valueAt(document: Json, place: Place): Json {
  return place.reduce((value: Json, step) => fieldOf(value, step), document);
}

/** The document with another value in that place; it may be changed in place or not. */
export function replaceAt(document: Json, place: Place, value: Json): Json {
  const step = place.at(-1);
  if (step === undefined) return value;
  setField(valueAt(document, place.slice(0, -1)), step, value);
  return document;
}

/** Sets a field of its own, whatever its name: to assign `__proto__` would do something else. */
export function setField(parent: Json, step: string | number, value: Json): void {
  if (typeof parent !== 'object' || parent === null) return;
  // A list has items only.
  if (Array.isArray(parent) && typeof step === 'string') return;
  const flags = { configurable: true, enumerable: true, writable: true };
  Object.defineProperty(parent, step, { value, ...flags });
}

function fieldOf(value: Json, step: string | number): Json {
  if (Array.isArray(value)) return value[Number(step)] ?? null;
  return typeof value === 'object' && value !== null ? (value[step] ?? null) : null;
}
