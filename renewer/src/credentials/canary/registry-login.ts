import { type HttpsGetter, type HttpsResponse, httpsUrlOf } from '@ecr-pull-secrets/kube/network/https-get.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import type { RegistryToken } from '../registry-token.ts';

/**
 * How a registry answers a login. Only a refusal of ECR itself counts as `refused`: a proxy, a portal, a timeout, an
 * untrusted certificate or an overloaded registry says nothing about the token.
 */
export type LoginResult = 'accepted' | 'refused' | 'unknown';

/** Logs in at a registry with a token; never rejects. */
export type RegistryLogin = (hostPort: string, token: RegistryToken) => Promise<LoginResult>;

/** Registries answer within a second; the nodes may reach a registry that this process does not reach. */
export const LOGIN_TIMEOUT_MS = 5_000;

/** Nothing of the body is used. */
const LARGEST_BODY_BYTES = 1024;

/** What ECR writes for Basic authentication; ECR Public has another one, which is not followed. */
const ECR_CHALLENGE = /^Basic realm="[^"]*", ?service="ecr\.amazonaws\.com"/i;

/** Requests `/v2/`, as a node does before it pulls. The token only goes to the host itself, and no redirect is followed. */
export function createRegistryLogin(client: Pick<HttpsGetter, 'get'>, signal: AbortSignal): RegistryLogin {
  return async (hostPort, { username, password }) => {
    const host = httpsUrlOf(hostPort);
    if (!host) return 'unknown';
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const request = { url: new URL('/v2/', host), headers: { authorization }, maxBytes: LARGEST_BODY_BYTES };
    // A registry that does not answer must not delay a stop.
    return await unlessAborted(client.get(request), signal).then(readResult, () => 'unknown');
  };
}

function readResult({ status, challenge }: HttpsResponse): LoginResult {
  if (status === 200) return 'accepted';
  return status === 401 && ECR_CHALLENGE.test(challenge) ? 'refused' : 'unknown';
}
