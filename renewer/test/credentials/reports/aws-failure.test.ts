import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { awsFailureOf, describeFailure } from '../../../src/credentials/reports/aws-failure.ts';

const ROLE = 'arn:aws:iam::123456789012:role/puller';

/** As the token source throws it. */
function failure(name: string, properties: object = {}, message = 'x'): Error {
  const error = Object.assign(new Error(message), { name, ...properties });
  const cause = '$fault' in error ? new Error(name, { cause: error }) : error;
  return createError('ECRPS_TOKEN_REQUEST_FAILED', 'requesting the token "ecr us-east-1" from AWS', cause);
}

const CLIENT = { $fault: 'client' };

const CASES: readonly (readonly [error: Error, roleArn: string | undefined, reason: string, advice: RegExp])[] = [
  [failure('AccessDeniedException', CLIENT), undefined, 'AwsRefusedToken', /must allow ecr:GetAuthorizationToken/],
  [failure('AccessDenied', CLIENT), ROLE, 'AwsRefusedToken', /trust policy of the role must allow sts:AssumeRole/],
  [failure('UnrecognizedClientException', CLIENT), undefined, 'AwsRefusedToken', /Check the access key/],
  [failure('SignatureDoesNotMatch', CLIENT), undefined, 'AwsRefusedToken', /the clocks of the nodes/],
  [failure('ThrottlingException', CLIENT), undefined, 'AwsUnreachable', /Check the network/],
  [failure('UnknownError', CLIENT), undefined, 'AwsUnreachable', /Check the network/],
  [failure('ServerException', { $fault: 'server' }), undefined, 'AwsUnreachable', /networking\.md/],
  [failure('CredentialsProviderError'), undefined, 'AwsIdentityMissing', /has no AWS identity/],
  [failure('Error', {}, 'getaddrinfo ENOTFOUND'), undefined, 'AwsUnreachable', /the proxy and the endpoint/],
  [failure('Error', {}, 'self-signed certificate in certificate chain'), undefined, 'AwsUnreachable', /extraCaCerts/],
];

t.test('each failure of AWS has a reason and what to do', async (t) => {
  for (const [error, roleArn, reason, advice] of CASES) {
    const found = awsFailureOf(error, roleArn);
    t.equal(found.reason, reason, describeFailure(error));
    t.match(found.advice, advice);
  }
});

t.test('the text of a failure is one line, and not longer than an Event has room for', async (t) => {
  const message = `the signature does not match.\nx-amz-security-token:${'s'.repeat(1_000)}`;
  const text = describeFailure(failure('SignatureDoesNotMatch', CLIENT, message));
  t.match(text, /SignatureDoesNotMatch: the signature does not match\.$/);
  t.equal(describeFailure(new Error('x'.repeat(2_000))).length, 400);
});
