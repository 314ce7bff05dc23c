import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { planTokens, type RefusedRegistry } from '../credentials/token-plan.ts';
import type { Registry } from '../credentials/registries/registries.ts';
import { registryWarnings } from '../credentials/registries/registry-warnings.ts';
import { awsRegionOf } from './aws-variables.ts';
import type { ConfigFile } from './config-file.ts';

/** For which registries credentials are written. */
export interface RegistrySettings {
  /** `AWS_REGION`. */
  readonly awsRegion: string | undefined;
  /** None: the caller's own registry in that region. */
  readonly registries: readonly Registry[];
  /** Those for which the default identity gets no token. */
  readonly refusedRegistries: readonly RefusedRegistry[];
  /** Warnings about registries that are allowed, a sentence for each. */
  readonly registryWarnings: readonly string[];
  /** The keys that the pull secret of some namespace can have: with the default identity, or with a role. */
  readonly writableKeys: readonly string[];
}

/**
 * The variable wins over the file.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if no identity can get a token for any of them
 */
export function registrySettingsOf(
  variables: Parameters<typeof awsRegionOf>[0] & {
    readonly DOCKER_REGISTRIES: readonly string[];
  },
  file: ConfigFile,
): RegistrySettings {
  const awsRegion = awsRegionOf(variables);
  const hosts = variables.DOCKER_REGISTRIES;
  const registries = hosts.length > 0 ? hosts.map((host) => ({ host })) : file.registries;
  const defaultPlan = planTokens({ registries, region: awsRegion });
  const rolePlans = file.namespaceRoles.map((identity) =>
    planTokens({ registries, region: awsRegion, identity }),
  );
  const keys = [defaultPlan, ...rolePlans].flatMap(({ entries }) =>
    entries.flatMap(({ key }) => key ?? []),
  );
  const { refused } = defaultPlan;
  if (registries.length > 0 && keys.length === 0) {
    const problem = `${refused[0]?.key} ${refused[0]?.reason}`;
    throw createError('ECRPS_CONFIGURATION_INVALID', `no registry is left: ${problem}`);
  }
  return {
    awsRegion,
    registries,
    refusedRegistries: refused,
    registryWarnings: registryWarnings(registries, refused),
    writableKeys: [...new Set(keys)],
  };
}
