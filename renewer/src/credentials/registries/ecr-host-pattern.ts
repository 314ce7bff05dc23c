import {
  domainPattern,
  REGISTRY_DOMAINS,
  type RegistryDomain,
} from '@ecr-pull-secrets/shared/aws-partitions.ts';

const ANY_PREFIX = '[a-z]{2,5}';

/** Hosts in a domain, in the form that AWS documents for it; account and region may be the wildcard. */
function hostsIn({ domain, isDualStack, regionPrefix }: RegistryDomain): string {
  const service = isDualStack ? 'dkr-ecr' : 'dkr\\.ecr';
  const region = `${regionPrefix || ANY_PREFIX}(-[a-z]+)+-[0-9]+`;
  return `${service}(-fips)?\\.(${region}|\\*)\\.${domainPattern(domain)}`;
}

/** Stricter than `PRIVATE_ECR_HOST_PATTERN`, which takes each domain with each form. */
const PRIVATE_HOST = `([0-9]{12}|\\*)\\.(${REGISTRY_DOMAINS.map(hostsIn).join('|')})`;

/** A host of ECR, of which the account or the region, or both, may be `*`; in lower case, without a port. */
export const ECR_HOST_PATTERN = `^(${PRIVATE_HOST}|public\\.ecr\\.aws|ecr-public\\.aws\\.com)$`;

function alternatives(texts: readonly string[]): string {
  return [...new Set(texts)].map(domainPattern).join('|');
}

const COMMON_DOMAINS = REGISTRY_DOMAINS.flatMap(({ domain, regionPrefix }) =>
  regionPrefix === '' ? domain : [],
);
const OTHER_PREFIXES = REGISTRY_DOMAINS.flatMap(({ regionPrefix }) => regionPrefix || []);

/** A region of a partition that has a domain of its own, in a domain of others. */
export const REGION_IN_WRONG_DOMAIN_PATTERN = `\\.(${alternatives(OTHER_PREFIXES)})-[^.]+\\.(${alternatives(COMMON_DOMAINS)})$`;

/** What follows the name of AWS in its domains: `com`, `com.cn` and so on. */
export const AWS_DOMAIN_ENDINGS = alternatives(
  REGISTRY_DOMAINS.flatMap(
    ({ domain }) => /^(?:on\.)?(?:amazonaws|amazonwebservices)\.(.*)$/.exec(domain)?.[1] ?? [],
  ),
);
