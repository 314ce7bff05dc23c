/** One of AWS's partitions, whose identities are unknown in every other. */
interface Partition {
  /** As in an ARN. */
  readonly name: string;
  /** How the names of its regions begin. */
  readonly regions: string;
  /** The domains of its registries, the second one dual-stack. */
  readonly domains: readonly string[];
}

/** Source: `partitions.json` of the AWS SDKs. The last one has every other region. */
const PARTITIONS: readonly Partition[] = [
  {
    name: 'aws-cn',
    regions: 'cn-',
    domains: ['amazonaws.com.cn', 'on.amazonwebservices.com.cn'],
  },
  { name: 'aws-us-gov', regions: 'us-gov-', domains: ['amazonaws.com', 'on.aws'] },
  { name: 'aws-eusc', regions: 'eusc-', domains: ['amazonaws.eu'] },
  { name: 'aws-iso', regions: 'us-iso-', domains: ['c2s.ic.gov'] },
  { name: 'aws-iso-b', regions: 'us-isob-', domains: ['sc2s.sgov.gov'] },
  { name: 'aws-iso-e', regions: 'eu-isoe-', domains: ['cloud.adc-e.uk'] },
  { name: 'aws-iso-f', regions: 'us-isof-', domains: ['csp.hci.ic.gov'] },
  { name: 'aws', regions: '', domains: ['amazonaws.com', 'on.aws'] },
];

/** The partition of a region. */
export function partitionOf(region: string): string | undefined {
  return PARTITIONS.find(({ regions }) => region.startsWith(regions))?.name;
}

/** The partitions that have registries in a domain. */
export function partitionsIn(domain: string): readonly string[] {
  return PARTITIONS.filter(({ domains }) => domains.includes(domain)).map(({ name }) => name);
}
