import { randomBytes } from 'node:crypto';
import type { AwsState, Operation } from './operation.ts';
import { sessionPrincipal } from './principal.ts';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

const TOKEN_PATH = '/latest/api/token';
const CREDENTIALS_PATH = '/latest/meta-data/iam/security-credentials/';

/** An instance profile's keys live 6 h. */
const SESSION_MS = 6 * 3_600_000;

/** The IMDSv2 session token, which is no secret: anyone who reaches the address may have one. */
const METADATA_TOKEN = randomBytes(40).toString('base64');

/**
 * The instance metadata service, version 2: gives the keys of the instance's role to anyone who requests them.
 * Clients find it through `AWS_EC2_METADATA_SERVICE_ENDPOINT`.
 */
export function readMetadataOperation(request: WireRequest, state: AwsState): Operation | undefined {
  if (!request.url.startsWith('/latest/')) return undefined;
  return {
    service: 'instance-metadata',
    operation: `${request.method} ${request.url}`,
    roleArn: undefined,
    protocol: 'json',
    execute: () => answerMetadata(request, state),
  };
}

function answerMetadata(request: WireRequest, state: AwsState): Answer {
  if (request.method === 'PUT' && request.url === TOKEN_PATH) return plain(200, METADATA_TOKEN);
  if (headerOf(request, 'x-aws-ec2-metadata-token') !== METADATA_TOKEN) return plain(401, 'Unauthorized');
  const { instanceRoleArn } = state;
  if (!instanceRoleArn) return plain(404, 'Not Found');
  const roleName = instanceRoleArn.slice(instanceRoleArn.lastIndexOf('/') + 1);
  if (request.url === CREDENTIALS_PATH) return plain(200, roleName);
  if (request.url !== CREDENTIALS_PATH + roleName) return plain(404, 'Not Found');
  return plain(200, instanceCredentials(instanceRoleArn, state));
}

function instanceCredentials(roleArn: string, { accessKeys, now }: AwsState): string {
  const principal = sessionPrincipal(roleArn, 'i-0123456789abcdef0');
  const key = accessKeys.issueSession(principal, now() + SESSION_MS);
  return JSON.stringify({
    Code: 'Success',
    LastUpdated: new Date(now()).toISOString(),
    Type: 'AWS-HMAC',
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: key.secretAccessKey,
    Token: key.sessionToken,
    Expiration: new Date(key.expiresAtMs).toISOString(),
  });
}

function plain(status: number, body: string): Answer {
  return { status, headers: { 'content-type': 'text/plain' }, body };
}
