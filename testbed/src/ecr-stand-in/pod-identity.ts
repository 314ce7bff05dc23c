import { createRefusal, isRefusal } from './aws-error.ts';
import type { AwsState, Operation } from './operation.ts';
import { sessionPrincipal } from './principal.ts';
import type { RoleOptions } from './roles.ts';
import { verifyWebIdentity } from './web-identity.ts';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

/** The path that EKS gives to pods: `AWS_CONTAINER_CREDENTIALS_FULL_URI` is the endpoint plus this. */
const POD_IDENTITY_PATH = '/v1/credentials';

/** The audience of the service account tokens that EKS Pod Identity trades for a session. */
const POD_IDENTITY_AUDIENCE = 'pods.eks.amazonaws.com';

/** The agent's sessions live 6 h. */
const SESSION_MS = 6 * 3_600_000;

/** The EKS Pod Identity agent: the role that trusts the pod's service account token gives its keys. */
export function readPodIdentityOperation(request: WireRequest, state: AwsState): Operation | undefined {
  if (request.method !== 'GET' || request.url !== POD_IDENTITY_PATH) return undefined;
  return {
    service: 'pod-identity',
    operation: 'AssumeRoleForPodIdentity',
    roleArn: undefined,
    protocol: 'json',
    execute: () => podCredentials(headerOf(request, 'authorization'), state),
  };
}

async function podCredentials(token: string, state: AwsState): Promise<Answer> {
  const trusts = await Promise.all(state.roles.map((candidate) => doesTrust(candidate, token, state.now())));
  const role = state.roles[trusts.indexOf(true)];
  if (!role) throw createRefusal('access-denied', 'No role is associated with this token');
  const principal = sessionPrincipal(role.arn, 'eks-pod-identity');
  const key = state.accessKeys.issueSession(principal, state.now() + SESSION_MS);
  const body = JSON.stringify({
    AccessKeyId: key.accessKeyId,
    SecretAccessKey: key.secretAccessKey,
    Token: key.sessionToken,
    AccountId: principal.account,
    Expiration: new Date(key.expiresAtMs).toISOString(),
  });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

async function doesTrust(role: RoleOptions, token: string, nowMs: number): Promise<boolean> {
  if (!role.podIdentity) return false;
  try {
    await verifyWebIdentity(token, role.podIdentity, POD_IDENTITY_AUDIENCE, nowMs);
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}
