import { describeError } from '@ecr-pull-secrets/shared/errors.ts';

/** Why AWS gave no token. */
export interface AwsFailure {
  /** The reason of the Event. */
  readonly reason: 'AwsRefusedToken' | 'AwsIdentityMissing' | 'AwsUnreachable';
  /** The end of the Event: what a person should do. */
  readonly advice: string;
}

const RIGHTS =
  'The policies of the identity, its boundary and the policies of the organization must allow ecr:GetAuthorizationToken (ECR Public: ecr-public:GetAuthorizationToken and sts:GetServiceBearerToken).';

const ROLE_RIGHTS =
  'The trust policy of the role must allow sts:AssumeRole (with a web identity sts:AssumeRoleWithWebIdentity), and the role must allow ecr:GetAuthorizationToken.';

const KEYS = 'Check the access key or the token of the identity, and the clocks of the nodes.';

const NETWORK = 'Check the network, the proxy and the endpoint of AWS; the page networking.md lists the hosts.';

const CERTIFICATE =
  'The certificate of AWS, or of a proxy in between, is not trusted: set the chart value extraCaCerts to its CA.';

const IDENTITY =
  'The renewer has no AWS identity: set keys, a web identity or an instance role; the page aws.md lists all ways.';

/** The codes of AWS for a right that is missing. */
const DENIED = /AccessDenied|NotAuthorized|Unauthorized/i;

/** AWS answers, but not about the identity; also something in between that answers in its place. */
const NO_VERDICT = /Throttl|LimitExceeded|TooManyRequests|^Unknown/i;

/** Reads the reason of a failure from the errors of the AWS SDK. */
export function awsFailureOf(error: unknown, roleArn: string | undefined): AwsFailure {
  const errors = [...chainOf(error)];
  const answer = errors.find((each) => '$fault' in each);
  if (answer && '$fault' in answer && answer.$fault === 'client' && !NO_VERDICT.test(answer.name)) {
    const advice = DENIED.test(answer.name) ? (roleArn === undefined ? RIGHTS : ROLE_RIGHTS) : KEYS;
    return { reason: 'AwsRefusedToken', advice };
  }
  if (errors.some(({ name }) => name === 'CredentialsProviderError')) {
    return { reason: 'AwsIdentityMissing', advice: IDENTITY };
  }
  const isUntrusted = errors.some(({ message }) => /certificate|altname/i.test(message));
  return { reason: 'AwsUnreachable', advice: isUntrusted ? CERTIFICATE : NETWORK };
}

function* chainOf(error: unknown): Generator<Error> {
  let current = error;
  for (let depth = 0; depth < 5 && current instanceof Error; depth++) {
    yield current;
    current = current.cause;
  }
}

/** The most characters of AWS's text in an Event. */
const TEXT_LENGTH = 400;

/** The text of a failure for an Event, which has one line. */
export function describeFailure(error: unknown): string {
  const [line = ''] = describeError(error).split('\n');
  return line.slice(0, TEXT_LENGTH);
}
