import { domainPattern, REGISTRY_DOMAINS } from './aws-partitions.ts';

/**
 * Private ECR hosts of every AWS partition, as the kubelet's credential provider matches them, for JavaScript and RE2.
 * Each domain is taken with each form of the host (`dkr.ecr` and `dkr-ecr`), as it is there.
 *
 * Source: kubernetes/cloud-provider-aws `cmd/ecr-credential-provider/main.go` (`ecrPrivateHostPattern`, v1.36.1).
 */
export const PRIVATE_ECR_HOST_PATTERN = `(\\d{12})\\.dkr[.-]ecr(-fips)?\\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\\.(${domainPattern(REGISTRY_DOMAINS)})`;

const PRIVATE_ECR_HOST = new RegExp(`^${PRIVATE_ECR_HOST_PATTERN}$`);

/** What a private ECR host says about itself. */
export interface EcrHost {
  /** The 12 digits of the AWS account that owns the registry. */
  readonly account: string;
  readonly region: string;
  /** Whether the host is the FIPS 140 endpoint. */
  readonly fips: boolean;
  /** The partition's domain, `amazonaws.com` in the commercial one. */
  readonly suffix: string;
}

/** Reads a private ECR host (no port, no path); `undefined` for any other host. */
export function parseEcrHost(host: string): EcrHost | undefined {
  const match = PRIVATE_ECR_HOST.exec(host);
  if (!match) return undefined;
  const [, account = '', fips, region = '', suffix = ''] = match;
  return { account, region, fips: fips !== undefined, suffix };
}
