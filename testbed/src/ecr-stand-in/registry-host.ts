/** Regions outside `amazonaws.com`, by prefix; the longer prefixes come first. */
const SUFFIXES: readonly (readonly [regionPrefix: string, suffix: string])[] = [
  ['cn-', 'amazonaws.com.cn'],
  ['eusc-', 'amazonaws.eu'],
  ['us-isob-', 'sc2s.sgov.gov'],
  ['us-isof-', 'csp.hci.ic.gov'],
  ['us-iso-', 'c2s.ic.gov'],
  ['eu-isoe-', 'cloud.adc-e.uk'],
];

/**
 * The host that ECR names as `proxyEndpoint` for a registry.
 *
 * Source: the partitions of the AWS SDK's endpoint rules (`@aws-sdk/core` partitions.json).
 */
export function registryHost(account: string, region: string): string {
  const suffix = SUFFIXES.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'amazonaws.com';
  return `${account}.dkr.ecr.${region}.${suffix}`;
}
