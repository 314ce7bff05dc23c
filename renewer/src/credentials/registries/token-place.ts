import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { partitionOf, partitionsIn } from '@ecr-pull-secrets/shared/aws-partitions.ts';
import { hostOf, isEcrKey } from './registry-key.ts';

/** The service and region of AWS that give the tokens of a registry host. */
export interface TokenEndpoint {
  readonly service: 'ecr' | 'ecr-public';
  /** `undefined` if the key has a wildcard in its place. */
  readonly region: string | undefined;
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** The partitions of AWS in which it can be: one if the region is not a wildcard. */
  readonly partitions: readonly (string | undefined)[];
}

/** Tokens of ECR Public come from this region only. */
const ECR_PUBLIC_PLACE: TokenEndpoint = {
  service: 'ecr-public',
  region: 'us-east-1',
  fips: false,
  dualStack: false,
  partitions: ['aws'],
};

/** Stand for the wildcards of a key while its host is read. */
const ANY_ACCOUNT = '000000000000';
const ANY_REGION = 'any';

/** Parses the host of a key, capitals or not; `undefined` for hosts that are not AWS's. */
export function tokenEndpointOf(key: string): TokenEndpoint | undefined {
  const host = hostOf(key);
  if (!isEcrKey(key)) return undefined;
  const ecr = parseEcrHost(host.replace(/^\*\./, `${ANY_ACCOUNT}.`).replace('.*.', `.${ANY_REGION}.`));
  if (!ecr) return ECR_PUBLIC_PLACE;
  const { region, fips, suffix } = ecr;
  const place = { service: 'ecr', fips, dualStack: suffix.startsWith('on.') } as const;
  return region === ANY_REGION
    ? { ...place, region: undefined, partitions: partitionsIn(suffix).map(({ name }) => name) }
    : { ...place, region, partitions: [partitionOf(region)] };
}
