/** A partition of AWS: its identities do not exist in any other one. */
interface AwsPartition {
  /** As in an ARN. */
  readonly name: string;
  /** The first part of the names of its regions; empty for the partition that has all other regions. */
  readonly regionPrefix: string;
  /** The DNS domains of its registries; those of dual-stack endpoints begin with `on.`. */
  readonly domains: readonly string[];
}

/**
 * The one table of AWS's partitions, of which about one is added each year. All patterns of hosts derive from it, those
 * of the chart by `npm run chart-readme`.
 *
 * Source: `partitions.json` of the AWS SDKs; kubernetes/cloud-provider-aws `cmd/ecr-credential-provider/main.go`
 * (`ecrPrivateHostPattern`, v1.36.1); awslabs/amazon-ecr-credential-helper `ecr-login/api/client.go`.
 */
const PARTITIONS: readonly AwsPartition[] = [
  partition('aws-cn', 'cn', 'amazonaws.com.cn', 'on.amazonwebservices.com.cn'),
  partition('aws-us-gov', 'us-gov', 'amazonaws.com', 'on.aws'),
  partition('aws-eusc', 'eusc', 'amazonaws.eu'),
  partition('aws-iso', 'us-iso', 'c2s.ic.gov'),
  partition('aws-iso-b', 'us-isob', 'sc2s.sgov.gov'),
  partition('aws-iso-e', 'eu-isoe', 'cloud.adc-e.uk'),
  partition('aws-iso-f', 'us-isof', 'csp.hci.ic.gov'),
  partition('aws', '', 'amazonaws.com', 'on.aws'),
];

function partition(name: string, regionPrefix: string, ...domains: string[]): AwsPartition {
  return { name, regionPrefix, domains };
}

/** Every domain of registries. */
export const REGISTRY_DOMAINS = [...new Set(PARTITIONS.flatMap(({ domains }) => domains))];

/** The partitions that have registries in a domain. */
export function partitionsIn(domain: string): readonly AwsPartition[] {
  return PARTITIONS.filter(({ domains }) => domains.includes(domain));
}

/** The name of a region's partition. */
export function partitionOf(region: string): string | undefined {
  return PARTITIONS.find(({ regionPrefix }) => regionPrefix === '' || region.startsWith(`${regionPrefix}-`))?.name;
}

/** Domains as alternatives of a regular expression, for JavaScript and RE2. */
export function domainPattern(domains: readonly string[]): string {
  return domains.map((domain) => domain.replaceAll('.', '\\.')).join('|');
}
