import { type AuthorizationData, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr-public';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { AwsRequestHandler } from '../../network/aws-request-handler.ts';
import { withBoundRequests } from '../../network/bound-requests.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';
import { readToken } from './authorization-data.ts';
import { clientOptions } from './aws-client-options.ts';
import type { AwsKeys } from '../../config/aws-variables.ts';
import type { RegistryToken } from '../registry-token.ts';
import type { TokenRequest } from '../token-plan.ts';

/**
 * Gets a new token; rejects with ECRPS_TOKEN_REQUEST_FAILED or ECRPS_TOKEN_INVALID, at once when the
 * signal aborts.
 */
export type TokenSource = (request: TokenRequest, signal: AbortSignal) => Promise<RegistryToken>;

/** For all of it: the credential chain, the SDK's own retries and the call. */
const DEFAULT_TIMEOUT_MS = 25_000;

/** ECR Public has one registry host for all accounts. */
const ECR_PUBLIC_ENDPOINT = 'https://public.ecr.aws';

/**
 * Requests tokens of AWS, with one client per token so that connections and assumed roles are used again.
 *
 * @param settings - without keys the SDK's default chain finds an identity; one token may take `timeoutMs`
 */
export function createAwsTokenSource(
  { clock, requestHandler }: { readonly clock: Clock; readonly requestHandler: AwsRequestHandler },
  { keys, timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly keys?: AwsKeys | undefined; readonly timeoutMs?: number } = {},
): TokenSource {
  const clients = new Map<string, TokenClient>();

  async function requestWithin(request: TokenRequest, limit: AbortSignal): ReturnType<TokenClient> {
    const requestToken = clients.get(request.id) ?? createTokenClient(request, requestHandler, keys);
    clients.set(request.id, requestToken);
    try {
      // The SDK ignores its abortSignal while it waits for credentials.
      return await withBoundRequests(limit, () => unlessAborted(requestToken(limit), limit));
    } catch (error) {
      // A client shares its pending credentials: the next attempt must not wait for them too.
      if (limit.aborted) clients.delete(request.id);
      throw error;
    }
  }

  return async (request, signal) => {
    const timeUp = AbortSignal.timeout(timeoutMs);
    const limit = AbortSignal.any([signal, timeUp]);
    const data = await requestWithin(request, limit).catch((error: unknown) => {
      const action = `requesting the token "${request.id}" from AWS`;
      const cause = timeUp.aborted && !signal.aborted ? noResponse(timeoutMs) : withCode(error);
      throw createError('ECRPS_TOKEN_REQUEST_FAILED', action, cause);
    });
    return readToken(data, clock.now());
  };
}

/** The SDK has the code of an error of AWS, by which its documentation explains the error, only in the name. */
function withCode(error: unknown): unknown {
  if (!(error instanceof Error && '$fault' in error)) return error;
  error.message = firstParagraph(error.message);
  return new Error(error.name, { cause: error });
}

/** The further paragraphs of AWS about a wrong signature repeat the request, with its session token. */
function firstParagraph(text: string): string {
  const [paragraph = ''] = text.trim().split(/\n\s*\n/, 1);
  return paragraph;
}

function noResponse(timeoutMs: number): Error {
  const from = 'ECR or the source of the credentials (STS, EKS Pod Identity, the instance’s metadata)';
  return new Error(`no answer within ${timeoutMs} ms from ${from}`);
}

type TokenClient = (abortSignal: AbortSignal) => Promise<AuthorizationData | undefined>;

function createTokenClient(
  request: TokenRequest,
  requestHandler: AwsRequestHandler,
  keys: AwsKeys | undefined,
): TokenClient {
  const options = clientOptions(request, requestHandler, keys);
  if (request.service === 'ecr-public') {
    const client = new ECRPUBLICClient(options);
    return async (abortSignal) => {
      const command = new GetPublicAuthorizationTokenCommand({});
      const { authorizationData } = await client.send(command, { abortSignal });
      return authorizationData && { ...authorizationData, proxyEndpoint: ECR_PUBLIC_ENDPOINT };
    };
  }
  const client = new ECRClient(options);
  return async (abortSignal) => {
    const command = new GetAuthorizationTokenCommand({});
    const { authorizationData } = await client.send(command, { abortSignal });
    return authorizationData?.[0];
  };
}
