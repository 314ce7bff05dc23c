import { randomInt } from 'node:crypto';

/** Reads a seed, or makes one if there is none. */
export function readSeed(text: string | undefined): number {
  return text ? wholeNumber(text) : randomInt(2 ** 31);
}

/** @throws if a text is no whole number */
export function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${JSON.stringify(text)} is no whole number`);
  return Number(text);
}
