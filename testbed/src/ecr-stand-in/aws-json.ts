import { createRefusal, JSON_CONTENT_TYPE } from './aws-error.ts';
import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { AwsState, Operation } from './operation.ts';
import type { Principal } from './principal.ts';
import { registryHost } from './registry-host.ts';
import { verifySignature } from './signature.ts';
import type { TokenStore } from './tokens.ts';
import { headerOf, type WireRequest } from './wire.ts';

/** The services that speak AWS JSON 1.1, by the first half of their `X-Amz-Target`. */
const SERVICES = new Map<string, 'ecr' | 'ecr-public'>([
  ['AmazonEC2ContainerRegistry_V20150921', 'ecr'],
  ['SpencerFrontendService', 'ecr-public'],
]);

/** ECR Public answers in one region. */
const PUBLIC_REGION = 'us-east-1';

/** Who requests a token, and where. */
interface Asker {
  readonly principal: Principal;
  readonly region: string;
}

/**
 * Understands a request of AWS JSON 1.1 by its `X-Amz-Target`; `undefined` if it is none.
 * `@aws-sdk/client-ecr` 3.1169.0 sends this protocol, not rpc-v2-cbor (measured).
 */
export function readJsonOperation(request: WireRequest, state: AwsState): Operation | undefined {
  const [target = '', operation = ''] = headerOf(request, 'x-amz-target').split('.');
  const service = SERVICES.get(target);
  if (!service) return undefined;
  const execute = () => {
    const { key, region } = verifySignature(request, service, state.accessKeys, state.now());
    if (operation !== 'GetAuthorizationToken')
      throw createRefusal('unknown-operation', `Could not find operation ${operation}`);
    const asker = { principal: key.principal, region };
    const authorizationData =
      service === 'ecr' ? authorizePrivate(asker, request.body, state.tokens) : authorizePublic(asker, state.tokens);
    const headers = { 'content-type': JSON_CONTENT_TYPE };
    return { status: 200, headers, body: JSON.stringify({ authorizationData }) };
  };
  return { service, operation, roleArn: undefined, protocol: 'json', execute };
}

/** One token, listed for each registry that the input names; for the caller's own if it names none. */
function authorizePrivate(asker: Asker, body: string, tokens: TokenStore): object[] {
  const registryIds = readRegistryIds(body) ?? [asker.principal.account];
  const { authorizationToken, expiresAtMs } = tokens.issue({ kind: 'private', ...asker });
  return registryIds.map((account) => ({
    authorizationToken,
    expiresAt: expiresAtMs / 1000,
    proxyEndpoint: `https://${registryHost(account, asker.region)}`,
  }));
}

function authorizePublic(asker: Asker, tokens: TokenStore): object {
  if (asker.region !== PUBLIC_REGION)
    throw createRefusal('signature-mismatch', `Credential should be scoped to a valid region, not '${asker.region}'. `);
  const { authorizationToken, expiresAtMs } = tokens.issue({ kind: 'public', ...asker });
  return { authorizationToken, expiresAt: expiresAtMs / 1000 };
}

function readRegistryIds(body: string): string[] | undefined {
  const registryIds = propertyOf(parseJson(body), 'registryIds');
  if (registryIds === undefined) return undefined;
  const ids = [registryIds].flat().map(String);
  if (ids.length > 0 && ids.every((id) => /^\d{12}$/.test(id))) return ids;
  throw createRefusal(
    'invalid-parameter',
    "Invalid parameter at 'registryIds' failed to satisfy constraint: 'must satisfy regular expression '[0-9]{12}''",
  );
}
