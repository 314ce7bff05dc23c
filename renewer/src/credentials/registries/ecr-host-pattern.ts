import { domainPattern, partitionsIn, REGISTRY_DOMAINS } from '@ecr-pull-secrets/shared/aws-partitions.ts';

/** The first parts of the names of the regions in a domain; of any region if partitions share the domain. */
function prefixIn(domain: string): string | undefined {
  const [first, ...others] = partitionsIn(domain);
  return others.length === 0 ? first?.regionPrefix : undefined;
}

/** Hosts in a domain, in the form that AWS documents for it; account and region may be the wildcard. */
function hostsIn(domain: string): string {
  const service = domain.startsWith('on.') ? 'dkr-ecr' : 'dkr\\.ecr';
  const region = `${prefixIn(domain) ?? '[a-z]{2,5}'}(-[a-z]+)+-[0-9]+`;
  return `${service}(-fips)?\\.(${region}|\\*)\\.${domainPattern([domain])}`;
}

/** Stricter than `PRIVATE_ECR_HOST_PATTERN`, which takes each domain with each form. */
const PRIVATE_HOST = `([0-9]{12}|\\*)\\.(${REGISTRY_DOMAINS.map(hostsIn).join('|')})`;

/** A host of ECR, of which the account or the region, or both, may be `*`; in lower case, without a port. */
export const ECR_HOST_PATTERN = `^(${PRIVATE_HOST}|public\\.ecr\\.aws|ecr-public\\.aws\\.com)$`;

const SHARED_DOMAINS = REGISTRY_DOMAINS.filter((domain) => prefixIn(domain) === undefined);
const OWN_PREFIXES = new Set(REGISTRY_DOMAINS.flatMap((domain) => prefixIn(domain) ?? []));

/** A region of a partition that has domains of its own, in a domain of others. */
export const REGION_IN_WRONG_DOMAIN_PATTERN = `\\.(${[...OWN_PREFIXES].join('|')})-[^.]+\\.(${domainPattern(SHARED_DOMAINS)})$`;

/** What follows the name of AWS in its domains: `com`, `com.cn` and so on. */
export const AWS_DOMAIN_ENDINGS = domainPattern([
  ...new Set(REGISTRY_DOMAINS.flatMap((domain) => /\bamazon(?:aws|webservices)\.(.*)$/.exec(domain)?.[1] ?? [])),
]);
