import t from 'tap';
import { identityFingerprint } from '../../../src/credentials/aws/identity-fingerprint.ts';

const roleArn = 'arn:aws:iam::210987654321:role/pull';

t.test('callers differ by what names an identity, not by what changes with each start', (t) => {
  const irsa = {
    AWS_ROLE_ARN: roleArn,
    AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
    AWS_PROFILE: '',
  };
  const same = identityFingerprint(irsa);
  t.equal(identityFingerprint({ ...irsa, AWS_PROFILE: undefined, POD_NAME: 'p-1' }), same);
  t.equal(identityFingerprint({ ...irsa, AWS_ROLE_SESSION_NAME: 'p-1', AWS_SESSION_TOKEN: 'x' }), same);
  t.equal(identityFingerprint({ ...irsa, AWS_SECRET_ACCESS_KEY: 'x' }), same, 'no secret is in the hash');
  const others = [
    { AWS_ROLE_ARN: `${roleArn}-2` },
    { AWS_ACCESS_KEY_ID: 'AKIAONE' },
    { AWS_ACCESS_KEY_ID: 'AKIATWO' },
    { AWS_PROFILE: 'AKIATWO' },
    { AWS_ENDPOINT_URL: 'http://localhost:4566' },
    { AWS_ENDPOINT_URL_STS: 'http://localhost:4566' },
    { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' },
  ];
  const callers = others.map((variables) => identityFingerprint({ ...irsa, ...variables }));
  t.equal(new Set([same, ...callers]).size, others.length + 1);
  t.end();
});
