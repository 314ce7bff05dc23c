import type { Registry } from '@ecr-pull-secrets/renewer/credentials/registries/registries.ts';
import { tokenEndpointOf } from '@ecr-pull-secrets/renewer/credentials/registries/token-place.ts';
import { planTokens, type TokenRequest } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';

/** Registries that get no credentials, and why, as the end of a sentence that begins with them. */
export interface WithoutToken {
  readonly registries: readonly string[];
  readonly reason: string;
}

/**
 * The registries for which the renewer requests a token and has none. Roles of namespaces are not considered, because
 * their tokens are requested only if a namespace uses them.
 *
 * @param region - `AWS_REGION`
 */
export function registriesWithoutToken(
  registries: readonly Registry[],
  region: string | undefined,
  tokens: readonly { readonly registry: string; readonly role: string | undefined }[],
): readonly WithoutToken[] {
  const { requests, entries, refused } = planTokens({ registries, region });
  const missing = requests.filter((request) => !tokens.some((token) => answers(token, request)));
  return [
    ...refused.map(({ key, reason }) => ({ registries: [key], reason })),
    ...missing.map(({ id, identity }) => {
      const keys = entries.flatMap(({ key, tokenId }) =>
        tokenId === id ? (key ?? 'the registry of the account') : [],
      );
      const role = identity.roleArn === undefined ? '' : ` of the role ${identity.roleArn}`;
      return { registries: keys, reason: `has no token${role}` };
    }),
  ];
}

/** Whether a token is the one that a request is for, by the registry that AWS names. */
function answers(
  { registry, role }: { readonly registry: string; readonly role: string | undefined },
  { service, region, identity }: TokenRequest,
): boolean {
  const place = tokenEndpointOf(registry);
  if (place?.service !== service || identity.roleArn !== role) return false;
  // The region may come from a Secret.
  return region === undefined || place.region === region;
}
