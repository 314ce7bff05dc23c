import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import {
  ECRPUBLICClient,
  GetAuthorizationTokenCommand as GetPublicAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr-public';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { Clock } from '@ecr-pull-secrets/shared/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { AwsRequestHandler } from '../network/aws-request-handler.ts';
import { type AuthorizationData, readToken } from './authorization-data.ts';
import type { RegistryToken } from './registry-token.ts';
import type { TokenRequest } from './token-plan.ts';

/** Gets a new token; rejects with ECRPS_TOKEN_REQUEST_FAILED or ECRPS_TOKEN_INVALID. */
export type TokenSource = (request: TokenRequest, signal: AbortSignal) => Promise<RegistryToken>;

/** Over everything: the credential chain, the SDK's own retries and the call. */
const TOTAL_TIMEOUT_MS = 25_000;

/** How a session of an assumed role is called in CloudTrail. */
const DEFAULT_SESSION_NAME = 'ecr-pull-secrets';

/** ECR Public has one registry host for all. */
const ECR_PUBLIC_ENDPOINT = 'https://public.ecr.aws';

export interface AwsTokenSourceOptions {
  readonly clock: Clock;
  /** Shared by all clients: proxies, timeouts, connections. */
  readonly requestHandler: AwsRequestHandler;
}

/** Asks AWS, with one client per token so that connections and assumed roles are used again. */
export function createAwsTokenSource({
  clock,
  requestHandler,
}: AwsTokenSourceOptions): TokenSource {
  const askers = new Map<string, Ask>();
  return async (request, signal) => {
    const ask = askers.get(request.id) ?? createAsk(request, requestHandler);
    askers.set(request.id, ask);
    const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(TOTAL_TIMEOUT_MS)]);
    const data = await ask(abortSignal).catch((error: unknown) => {
      const action = `asking AWS for the token "${request.id}"`;
      throw createError('ECRPS_TOKEN_REQUEST_FAILED', action, error);
    });
    return readToken(data, clock.now());
  };
}

type Ask = (abortSignal: AbortSignal) => Promise<AuthorizationData | undefined>;

function createAsk(request: TokenRequest, requestHandler: AwsRequestHandler): Ask {
  const options = clientOptions(request, requestHandler);
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

function clientOptions(
  { region, fips, dualStack, identity }: TokenRequest,
  requestHandler: AwsRequestHandler,
) {
  const place = region ? { region } : {};
  const { roleArn, externalId, sessionName = DEFAULT_SESSION_NAME } = identity;
  const role = roleArn && {
    credentials: fromTemporaryCredentials({
      params: {
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        ...(externalId ? { ExternalId: externalId } : {}),
      },
      clientConfig: { ...place, requestHandler },
    }),
  };
  return {
    ...place,
    ...role,
    // Left out where not wanted, so that the SDK's own variables for them still count.
    ...(fips ? { useFipsEndpoint: true } : {}),
    ...(dualStack ? { useDualstackEndpoint: true } : {}),
    requestHandler,
  };
}
