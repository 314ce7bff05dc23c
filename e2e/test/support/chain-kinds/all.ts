import { EXTENSIONS_KINDS } from './extensions.ts';
import { ISSUERS_KINDS } from './issuers.ts';
import { KEYS_KINDS } from './keys.ts';
import { NAME_CONSTRAINTS_KINDS } from './name-constraints.ts';
import { NAMES_KINDS } from './names.ts';
import { POLICIES_KINDS } from './policies.ts';
import { WAYS_UP_KINDS } from './ways-up.ts';
import type { ChainKinds } from './common.ts';

/** Chains that go wrong where it is easy to miss, and neighbours that do not. */
export const CHAIN_KINDS: ChainKinds = {
  ...ISSUERS_KINDS,
  ...EXTENSIONS_KINDS,
  ...NAME_CONSTRAINTS_KINDS,
  ...NAMES_KINDS,
  ...KEYS_KINDS,
  ...WAYS_UP_KINDS,
  ...POLICIES_KINDS,
};
