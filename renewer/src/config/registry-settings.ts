import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { planTokens, type RefusedRegistry, tokenRequestsOf } from '../credentials/token-plan.ts';
import type { Registry } from '../credentials/registries/registries.ts';
import { isEcrKey, quoteKey } from '../credentials/registries/registry-key.ts';
import { awsKeysOf, awsRegionOf, type AwsVariables } from './aws-variables.ts';
import type { ConfigFile } from './config-file.ts';

/** For which registries credentials are written. */
export type RegistrySettings = ReturnType<typeof registrySettingsOf>;

/**
 * The variable wins over the file.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if no identity can get a token for any of them
 */
export function registrySettingsOf(
  variables: AwsVariables & { readonly DOCKER_REGISTRIES: readonly string[] },
  file: ConfigFile,
) {
  const awsRegion = awsRegionOf(variables);
  const hosts = variables.DOCKER_REGISTRIES;
  const registries: readonly Registry[] = hosts.length > 0 ? hosts.map((host) => ({ host })) : file.registries;
  const plans = [undefined, ...file.namespaceRoles].map((identity) =>
    planTokens({ registries, region: awsRegion, identity }),
  );
  const keys = plans.flatMap(({ entries }) => entries.flatMap(({ key }) => key ?? []));
  const refused = plans[0]?.refused ?? [];
  if (registries.length > 0 && keys.length === 0) {
    const problem = `${refused[0]?.key} ${refused[0]?.reason}`;
    throw createError('ECRPS_CONFIGURATION_INVALID', `no registry is left: ${problem}`);
  }
  return {
    /** `AWS_REGION`. */
    awsRegion,
    /** Never logged. */
    awsKeys: awsKeysOf(variables),
    /** None: the caller's own registry in that region. */
    registries,
    /** Those for which the default identity gets no token. */
    refusedRegistries: refused,
    /** Warnings about registries that are allowed, a sentence for each. */
    registryWarnings: warningsAbout(registries, refused),
    /** The keys that the pull secret of some namespace can have: with the default identity, or with a role. */
    writableKeys: [...new Set(keys)],
    /** The tokens that some namespace can need: with the default identity, or with a role. */
    tokenIds: new Set(tokenRequestsOf(plans).map(({ id }) => id)),
    /** The entries of pull secrets that have a token, by its id. */
    entriesOfTokens: Map.groupBy(
      plans.flatMap(({ entries }) => entries),
      ({ tokenId }) => tokenId,
    ),
  };
}

function warningsAbout(registries: readonly Registry[], refused: readonly RefusedRegistry[]): readonly string[] {
  const unnamed = registries.filter(({ host, tokenOf }) => !tokenOf && !isEcrKey(host));
  const capital = registries.filter(({ host }) => /[A-Z]/.test(host));
  return [
    ...refused.map(({ key, reason }) => `registry ${quoteKey(key)} ${reason}`),
    ...unnamed.map(({ host }) => `registry ${quoteKey(host)} ${NO_ECR_HOST}`),
    ...capital.map(({ host }) => `registry ${quoteKey(host)} ${CAPITALS}`),
  ];
}

const NO_ECR_HOST =
  'is no host of ECR, and gets the token of the first host of ECR in the list, else that of AWS_REGION: make sure that it is a proxy or an alias of that registry. The list form of "registries", in the chart and in CONFIG_FILE, says by tokenOf which registry is behind it';

const CAPITALS = 'has capitals, so it covers only images that are written with the same ones';
