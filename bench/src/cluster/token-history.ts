import type { IssuedToken } from '@ecr-pull-secrets/testbed/ecr-stand-in/tokens.ts';
import type { SecretHandler } from './follow-secrets.ts';

const DOCKER_CONFIG = '.dockerconfigjson';

/** What became of the pull secrets: their tokens, in the order in which AWS issued them. */
export interface TokenHistory extends SecretHandler {
  readonly onRemove: () => void;
  /** How many versions have been written. */
  readonly versions: () => number;
  /** How many of them had a token that was issued before that of the version before, or that was never issued. */
  readonly older: () => number;
  /** How many secrets were deleted. */
  readonly lost: () => number;
  /** How many secrets have one of the tokens that were issued after so many. */
  readonly issuedAfter: (count: number) => number;
}

/** @param issued - all tokens so far, in order of issue */
export function createTokenHistory(issued: () => readonly Pick<IssuedToken, 'authorizationToken'>[]): TokenHistory {
  const places = new Map<string, number>();
  let versions = 0;
  let older = 0;
  let lost = 0;
  return {
    readsData: true,
    onVersion: ({ metadata: { namespace = '' }, data }) => {
      const token = tokenOf(data?.[DOCKER_CONFIG]);
      const place = issued().findIndex(({ authorizationToken }) => authorizationToken === token);
      versions++;
      if (place < (places.get(namespace) ?? 0)) older++;
      places.set(namespace, place);
    },
    onRemove: () => void lost++,
    versions: () => versions,
    older: () => older,
    lost: () => lost,
    issuedAfter: (count) => [...places.values()].filter((place) => place >= count).length,
  };
}

/** The first one; the benchmark has one registry. */
function tokenOf(config = ''): string | undefined {
  const { auths }: { auths: Record<string, { readonly auth: string }> } = JSON.parse(
    Buffer.from(config, 'base64').toString() || '{"auths":{}}',
  );
  return Object.values(auths)[0]?.auth;
}
