import { createHash } from 'node:crypto';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';

/**
 * Variables that choose the identity in the AWS SDK's default chain, and the endpoints. None holds a secret, and each
 * is the same after a restart: AWS_ROLE_SESSION_NAME may be the pod's name, and a session token and the token's file
 * belong to an identity that another variable names.
 */
const CALLER_VARIABLES = [
  'AWS_ACCESS_KEY_ID',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_ROLE_ARN',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_ENDPOINT_URL',
  'AWS_ENDPOINT_URL_ECR',
  'AWS_ENDPOINT_URL_ECR_PUBLIC',
  'AWS_ENDPOINT_URL_STS',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
];

/**
 * Distinguishes identities by their variables, without a call to AWS: tokens of another identity must not be written.
 * A change behind an instance's metadata, a shared file or EKS Pod Identity is not visible to it.
 */
export function identityFingerprint(environment: Environment): string {
  const { AWS_ACCESS_KEY_ID, AWS_ACCESS_KEY } = environment;
  const variables: Environment = {
    ...environment,
    AWS_ACCESS_KEY_ID: AWS_ACCESS_KEY_ID?.trim() || AWS_ACCESS_KEY,
  };
  const values = CALLER_VARIABLES.map((name) => variables[name]?.trim() ?? '');
  return createHash('sha256').update(JSON.stringify(values)).digest('hex').slice(0, 16);
}
