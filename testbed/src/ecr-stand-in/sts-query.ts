import type { AccessKey } from './access-keys.ts';
import { createRefusal, escapeXml, STS_NAMESPACE } from './aws-error.ts';
import type { AwsState, Operation } from './operation.ts';
import { findAssumableRole, openSession, type SessionRequest } from './roles.ts';
import { verifySignature } from './signature.ts';
import { verifyWebIdentity } from './web-identity.ts';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

/** The audience of the service account tokens that IRSA trades for a session. */
const IRSA_AUDIENCE = 'sts.amazonaws.com';

/** The content of an XML element: text, or elements by name. */
type XmlContent = string | { readonly [name: string]: XmlContent };

/**
 * Understands a request of the query protocol by its `Action`; `undefined` if it is none.
 * The SDK's own STS client 3.998.3 sends this protocol, not rpc-v2-cbor (measured).
 */
export function readQueryOperation(request: WireRequest, state: AwsState): Operation | undefined {
  if (!headerOf(request, 'content-type').startsWith('application/x-www-form-urlencoded')) return undefined;
  const parameters = new URLSearchParams(request.body);
  const operation = parameters.get('Action') ?? '';
  const roleArn = parameters.get('RoleArn') ?? undefined;
  const execute = async () => xmlAnswer(operation, await runAction(operation, parameters, request, state));
  return { service: 'sts', operation, roleArn, protocol: 'query', execute };
}

function runAction(
  action: string,
  parameters: URLSearchParams,
  request: WireRequest,
  state: AwsState,
): XmlContent | Promise<XmlContent> {
  // The only operation without a signature: its token says who calls.
  if (action === 'AssumeRoleWithWebIdentity') return assumeRoleWithWebIdentity(parameters, state);
  const { key: caller } = verifySignature(request, 'sts', state.accessKeys, state.now());
  if (action === 'AssumeRole') return assumeRole(parameters, caller, state);
  if (action === 'GetCallerIdentity') return callerIdentity(caller);
  throw createRefusal('unknown-operation', `Could not find operation ${action} for version 2011-06-15`);
}

function assumeRole(parameters: URLSearchParams, { principal }: AccessKey, state: AwsState): XmlContent {
  const roleArn = required(parameters, 'RoleArn');
  const externalId = parameters.get('ExternalId');
  const role = findAssumableRole(state.roles, roleArn, principal, externalId);
  const isChained = principal.roleArn !== undefined;
  const key = openSession({ role, isChained, ...sessionParameters(parameters) }, state.accessKeys, state.now());
  return sessionContent(key);
}

async function assumeRoleWithWebIdentity(parameters: URLSearchParams, state: AwsState): Promise<XmlContent> {
  const roleArn = required(parameters, 'RoleArn');
  const token = required(parameters, 'WebIdentityToken');
  const role = state.roles.find((candidate) => candidate.arn === roleArn);
  if (!role?.webIdentity)
    throw createRefusal('access-denied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  await verifyWebIdentity(token, role.webIdentity, IRSA_AUDIENCE, state.now());
  const session = { role, isChained: false, ...sessionParameters(parameters) };
  const key = openSession(session, state.accessKeys, state.now());
  return {
    ...sessionContent(key),
    SubjectFromWebIdentityToken: role.webIdentity.subject,
    Audience: IRSA_AUDIENCE,
  };
}

function callerIdentity({ accessKeyId, principal }: AccessKey): XmlContent {
  return { Arn: principal.arn, UserId: accessKeyId, Account: principal.account };
}

function sessionParameters(parameters: URLSearchParams): Pick<SessionRequest, 'sessionName' | 'durationMs'> {
  const sessionName = required(parameters, 'RoleSessionName');
  const seconds = parameters.get('DurationSeconds');
  return seconds === null ? { sessionName } : { sessionName, durationMs: Number(seconds) * 1000 };
}

function required(parameters: URLSearchParams, name: string): string {
  const value = parameters.get(name);
  if (value) return value;
  throw createRefusal(
    'invalid-parameter',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must not be null`,
  );
}

function sessionContent(key: AccessKey): { readonly [name: string]: XmlContent } {
  const { arn } = key.principal;
  const sessionName = arn.slice(arn.lastIndexOf('/') + 1);
  return {
    AssumedRoleUser: { AssumedRoleId: `AROA${key.accessKeyId.slice(4)}:${sessionName}`, Arn: arn },
    Credentials: {
      AccessKeyId: key.accessKeyId,
      SecretAccessKey: key.secretAccessKey,
      SessionToken: key.sessionToken,
      Expiration: new Date(key.expiresAtMs).toISOString(),
    },
  };
}

function xmlAnswer(action: string, result: XmlContent): Answer {
  const content = toXml({ [`${action}Result`]: result });
  return {
    status: 200,
    headers: { 'content-type': 'text/xml' },
    body: `<${action}Response xmlns="${STS_NAMESPACE}">${content}</${action}Response>`,
  };
}

function toXml(content: XmlContent): string {
  if (typeof content === 'string') return escapeXml(content);
  return Object.entries(content)
    .map(([name, value]) => `<${name}>${toXml(value)}</${name}>`)
    .join('');
}
