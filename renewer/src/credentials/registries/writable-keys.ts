import type { Identity } from '../identity.ts';
import type { Registry } from './registries.ts';
import { planTokens } from '../token-plan.ts';

/** The keys that the secret of some namespace can have: in the common name, or in that of a role. */
export function writableKeys(
  registries: readonly Registry[],
  region: string | undefined,
  roles: readonly Identity[],
): readonly string[] {
  const keys = [{}, ...roles].flatMap((identity) =>
    planTokens({ registries, region, identity }).entries.map(({ key }) => key),
  );
  return [...new Set(keys)].filter((key) => key !== undefined);
}
