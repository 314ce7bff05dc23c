import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { TokenSource } from '../../credentials/aws/aws-token-source.ts';
import { createDockerConfig, type DockerConfig } from '../../credentials/docker-config.ts';
import type { RegistryToken } from '../../credentials/registry-token.ts';
import { planTokens } from '../../credentials/token-plan.ts';
import type { RenewOnceConfiguration } from './configuration.ts';

export interface FetchedDockerConfig {
  readonly dockerConfig: DockerConfig;
  /** The keys of its `auths`. */
  readonly registries: readonly string[];
}

/**
 * Requests every token that the registries need. All or nothing: a run that lacks one changes nothing in the cluster.
 *
 * @throws ECRPS_TOKEN_REQUEST_FAILED, ECRPS_TOKEN_INVALID
 */
export async function fetchDockerConfig(
  { tokenSource, clock }: { readonly tokenSource: TokenSource; readonly clock: Clock },
  { registries, awsRegion: region }: Pick<RenewOnceConfiguration, 'registries' | 'awsRegion'>,
  stop: AbortSignal,
): Promise<FetchedDockerConfig> {
  const plan = planTokens({ registries, region });
  const tokens = new Map<string, RegistryToken>();
  await Promise.all(
    plan.requests.map(async (request) => {
      tokens.set(request.id, await tokenSource(request, stop));
    }),
  );
  const dockerConfig = createDockerConfig(plan, tokens, clock.now());
  if (!dockerConfig?.isComplete) {
    throw createError('ECRPS_TOKEN_INVALID', 'AWS gave a token that has expired already');
  }
  const keys = plan.entries.map(({ key, tokenId }) => key ?? tokens.get(tokenId)?.registry ?? '');
  return { dockerConfig, registries: keys };
}
