import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { TokenSource } from '../../credentials/aws/aws-token-source.ts';
import { createDockerConfig, type DockerConfig } from '../../credentials/docker-config.ts';
import type { RegistryToken } from '../../credentials/registry-token.ts';
import { planTokens } from '../../credentials/token-plan.ts';
import type { RenewOnceConfiguration } from './configuration.ts';

export interface FetchedDocument {
  readonly document: DockerConfig;
  /** The keys of its `auths`. */
  readonly registries: readonly string[];
}

/**
 * Asks AWS for every token that the registries need. All or nothing: a run that lacks one changes
 * nothing in the cluster.
 *
 * @throws ECRPS_TOKEN_REQUEST_FAILED, ECRPS_TOKEN_INVALID
 */
export async function fetchDocument(
  { registries, awsRegion: region }: Pick<RenewOnceConfiguration, 'registries' | 'awsRegion'>,
  tokenSource: TokenSource,
  { clock, stop }: { readonly clock: Clock; readonly stop: AbortSignal },
): Promise<FetchedDocument> {
  const plan = planTokens({ registries, region });
  const tokens = new Map<string, RegistryToken>();
  await Promise.all(
    plan.requests.map(async (request) => {
      tokens.set(request.id, await tokenSource(request, stop));
    }),
  );
  const document = createDockerConfig(plan, tokens, clock.now());
  if (!document?.isComplete) {
    throw createError('ECRPS_TOKEN_INVALID', 'AWS gave a token that has expired already');
  }
  const keys = plan.entries.map(({ key, tokenId }) => key ?? tokens.get(tokenId)?.registry ?? '');
  return { document, registries: keys };
}
