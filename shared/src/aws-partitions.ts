/** A partition of AWS: its identities are unknown in every other one. */
interface AwsPartition {
  /** As in an ARN. */
  readonly name: string;
  /** The first part of the names of its regions; empty for the partition that has all other regions. */
  readonly regionPrefix: string;
  /** The DNS domain of its registries. */
  readonly domain: string;
  /** The domain of its registries that are reached by IPv4 and IPv6. */
  readonly dualStackDomain?: string;
}

/**
 * The one table of AWS's partitions: all patterns of hosts derive from it, those of the chart by `npm run chart-readme`.
 * About one is added each year.
 *
 * Source: `partitions.json` of the AWS SDKs; kubernetes/cloud-provider-aws `cmd/ecr-credential-provider/main.go`
 * (`ecrPrivateHostPattern`, v1.36.1); awslabs/amazon-ecr-credential-helper `ecr-login/api/client.go`.
 */
const PARTITIONS: readonly AwsPartition[] = [
  {
    name: 'aws-cn',
    regionPrefix: 'cn',
    domain: 'amazonaws.com.cn',
    dualStackDomain: 'on.amazonwebservices.com.cn',
  },
  {
    name: 'aws-us-gov',
    regionPrefix: 'us-gov',
    domain: 'amazonaws.com',
    dualStackDomain: 'on.aws',
  },
  { name: 'aws-eusc', regionPrefix: 'eusc', domain: 'amazonaws.eu' },
  { name: 'aws-iso', regionPrefix: 'us-iso', domain: 'c2s.ic.gov' },
  { name: 'aws-iso-b', regionPrefix: 'us-isob', domain: 'sc2s.sgov.gov' },
  { name: 'aws-iso-e', regionPrefix: 'eu-isoe', domain: 'cloud.adc-e.uk' },
  { name: 'aws-iso-f', regionPrefix: 'us-isof', domain: 'csp.hci.ic.gov' },
  { name: 'aws', regionPrefix: '', domain: 'amazonaws.com', dualStackDomain: 'on.aws' },
];

/** A domain in which registries are, and the first parts of the names of its regions. */
export interface RegistryDomain {
  readonly domain: string;
  readonly isDualStack: boolean;
  /** Names of partitions. */
  readonly partitions: readonly string[];
  /** Empty if regions of any name can be in it. */
  readonly regionPrefix: string;
}

/** Every domain of registries. */
export const REGISTRY_DOMAINS: readonly RegistryDomain[] = [
  ...registryDomains(({ domain }) => domain, false),
  ...registryDomains(({ dualStackDomain }) => dualStackDomain, true),
];

/** The partition of a region. */
export function partitionOf(region: string): string | undefined {
  return PARTITIONS.find(
    ({ regionPrefix }) => regionPrefix === '' || region.startsWith(`${regionPrefix}-`),
  )?.name;
}

function registryDomains(
  domainOf: (partition: AwsPartition) => string | undefined,
  isDualStack: boolean,
): readonly RegistryDomain[] {
  const byDomain = Map.groupBy(PARTITIONS, domainOf);
  return [...byDomain].flatMap(([domain, partitions]) => {
    if (domain === undefined) return [];
    const [first] = partitions;
    const regionPrefix = partitions.length === 1 ? (first?.regionPrefix ?? '') : '';
    return [{ domain, isDualStack, partitions: partitions.map(({ name }) => name), regionPrefix }];
  });
}

/** A domain as a part of a regular expression. */
export function domainPattern(domain: string): string {
  return domain.replaceAll('.', '\\.');
}
