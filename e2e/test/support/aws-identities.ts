import type { Test } from 'tap';
import {
  type EcrStandIn,
  type EcrStandInOptions,
  startEcrStandIn,
} from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { createTokenIssuer } from '@ecr-pull-secrets/testbed/testing/aws.ts';

/** The account of the user, and of the role that a pod or a machine has by itself. */
export const ACCOUNT = '222222222222';

const OWN_ROLE = `arn:aws:iam::${ACCOUNT}:role/team/renewer`;

/** Another account, with a role that both of them may assume. */
export const PULL_ACCOUNT = '333333333333';

export const PULL_ROLE = `arn:aws:iam::${PULL_ACCOUNT}:role/puller`;

const USER = { account: ACCOUNT, accessKeyId: 'AKIAUSER', secretAccessKey: 'user-key' };
const SESSION = { ...USER, accessKeyId: 'ASIASESSION', sessionToken: 'user-session' };

const ISSUER = 'https://kubernetes.default.svc.cluster.local';
const SUBJECT = 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets';

/** Variables that the AWS SDK reads. */
export type AwsVariables = Readonly<Record<string, string>>;

/** A stand-in for AWS, and the ways in which a renewer may have an identity there. */
export interface AwsIdentities {
  readonly standIn: EcrStandIn;
  /** By the name of the way; what all of them need is in each. */
  readonly ways: Readonly<Record<Way, AwsVariables>>;
}

/** Where the SDK's default chain finds an identity. */
export type Way =
  | 'static keys'
  | 'keys with a session token'
  | 'a shared credentials file'
  | 'a profile'
  | 'a profile with a role'
  | 'IRSA'
  | 'EKS Pod Identity'
  | 'the instance role';

/** Starts the stand-in, which ends with the test. */
export async function startIdentities(t: Test, options: EcrStandInOptions = {}): Promise<AwsIdentities> {
  const issuer = createTokenIssuer('ec');
  const trust = { issuer: ISSUER, keys: [issuer.jwk], subject: SUBJECT };
  const standIn = await startEcrStandIn({
    identities: [USER, SESSION],
    roles: [
      { arn: OWN_ROLE, webIdentity: trust, podIdentity: trust },
      { arn: PULL_ROLE, trustedPrincipals: [ACCOUNT] },
    ],
    instanceRoleArn: OWN_ROLE,
    ...options,
  });
  t.teardown(() => standIn.close());
  const tokenFor = (audience: string): string => {
    const exp = Math.floor(Date.now() / 1000) + 3_600;
    return issuer.issue({ iss: ISSUER, sub: SUBJECT, aud: [audience], exp });
  };
  const keys = `aws_access_key_id = ${USER.accessKeyId}\naws_secret_access_key = ${USER.secretAccessKey}\n`;
  const directory = t.testdir({
    'irsa-token': tokenFor('sts.amazonaws.com'),
    'pod-identity-token': tokenFor('pods.eks.amazonaws.com'),
    credentials: `[default]\n${keys}\n[other]\n${keys}`,
    config: `[profile assuming]\nrole_arn = ${PULL_ROLE}\nsource_profile = other\n`,
  });
  const base = {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL: standIn.endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
  };
  const files = {
    ...base,
    AWS_CONFIG_FILE: `${directory}/config`,
    AWS_SHARED_CREDENTIALS_FILE: `${directory}/credentials`,
  };
  return {
    standIn,
    ways: {
      'static keys': {
        ...base,
        AWS_ACCESS_KEY_ID: USER.accessKeyId,
        AWS_SECRET_ACCESS_KEY: USER.secretAccessKey,
      },
      'keys with a session token': {
        ...base,
        AWS_ACCESS_KEY_ID: SESSION.accessKeyId,
        AWS_SECRET_ACCESS_KEY: SESSION.secretAccessKey,
        AWS_SESSION_TOKEN: SESSION.sessionToken,
      },
      'a shared credentials file': files,
      'a profile': { ...files, AWS_PROFILE: 'other' },
      'a profile with a role': { ...files, AWS_PROFILE: 'assuming' },
      IRSA: {
        ...base,
        AWS_ROLE_ARN: OWN_ROLE,
        AWS_WEB_IDENTITY_TOKEN_FILE: `${directory}/irsa-token`,
      },
      'EKS Pod Identity': {
        ...base,
        AWS_CONTAINER_CREDENTIALS_FULL_URI: `${standIn.endpoint}/v1/credentials`,
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: `${directory}/pod-identity-token`,
      },
      'the instance role': {
        ...base,
        AWS_EC2_METADATA_DISABLED: 'false',
        AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.endpoint,
      },
    },
  };
}
