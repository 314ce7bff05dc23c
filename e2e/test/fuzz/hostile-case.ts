import {
  type BodyMaker,
  cutOff,
  deep,
  duplicates,
  flipped,
  huge,
  noise,
  otherJson,
  spliced,
  strangeKeys,
  structure,
  uniqueKeys,
  wrongType,
  wrongTypes,
} from './hostile-body.ts';
import { type Attack, brokenHandshake, brokenRecord, brokenRequest, type Target } from './hostile-connection.ts';
import { createRandom } from './random.ts';

/** A body to be posted, or harm to be done to a connection. */
export type HostileCase =
  | { readonly kind: string; readonly body: Buffer }
  | { readonly kind: string; readonly attack: (target: Target) => Promise<string> };

type Kind = { readonly share: number } & ({ readonly make: BodyMaker } | { readonly attack: Attack });

/** How many cases have every kind among them. */
const ROUND = 50;

const KINDS: Readonly<Record<string, Kind>> = {
  noise: { share: 1, make: noise },
  'cut off': { share: 5, make: cutOff },
  flipped: { share: 4, make: flipped },
  spliced: { share: 5, make: spliced },
  'other JSON': { share: 1, make: otherJson },
  'wrong type': { share: 12, make: wrongType },
  'wrong types': { share: 4, make: wrongTypes },
  deep: { share: 3, make: deep },
  structure: { share: 1, make: structure },
  'unique keys': { share: 1, make: uniqueKeys },
  duplicates: { share: 1, make: duplicates },
  huge: { share: 1, make: huge },
  'strange keys': { share: 7, make: strangeKeys },
  'broken handshake': { share: 1, attack: brokenHandshake },
  'broken record': { share: 1, attack: brokenRecord },
  'broken request': { share: 2, attack: brokenRequest },
};

/** The kinds of one round, each with a number for each time that it comes. */
const WHEEL = Object.entries(KINDS).flatMap(([name, kind]) =>
  Array.from({ length: kind.share }, (_, rank) => ({ name, kind, rank })),
);

/** One of the cases of a seed; the same whenever it is made. */
export function hostileCase(seed: number, index: number): HostileCase {
  const slot = WHEEL[index % ROUND];
  if (!slot) throw new Error(`the shares are not ${ROUND} together`);
  const { name, kind, rank } = slot;
  const random = createRandom(seed, index);
  if ('attack' in kind) {
    return { kind: name, attack: (target) => kind.attack(target, random) };
  }
  const count = Math.floor(index / ROUND) * kind.share + rank;
  return { kind: name, body: kind.make(random, count) };
}
