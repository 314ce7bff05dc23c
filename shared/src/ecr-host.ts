/**
 * Private ECR hosts of every AWS partition, as the kubelet's credential provider matches them.
 *
 * Source: kubernetes/cloud-provider-aws `cmd/ecr-credential-provider/main.go`
 * (`ecrPrivateHostPattern`, v1.36.1) and awslabs/amazon-ecr-credential-helper `ecr-login/api/client.go`.
 * About one suffix a year is added there; this is the place to follow, and the chart's admission policy
 * repeats it (`chart/templates/_policy-expressions.tpl`).
 */
export const PRIVATE_ECR_HOST =
  /^(\d{12})\.dkr[.-]ecr(-fips)?\.([a-zA-Z0-9][a-zA-Z0-9-_]*)\.(amazonaws\.(?:com(?:\.cn)?|eu)|on\.(?:aws|amazonwebservices\.com\.cn)|sc2s\.sgov\.gov|c2s\.ic\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/;

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
