import { type EcrHost, parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { withoutPort } from '@ecr-pull-secrets/shared/image-reference.ts';
import { isPrincipalNamed } from './principal.ts';
import { answerLayer, answerRepository, LAYER_HOST, type Repositories } from './repositories.ts';
import type { IssuedToken, TokenStore } from './tokens.ts';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

/** What decides over a login. */
export interface RegistryState {
  readonly tokens: TokenStore;
  readonly now: () => number;
  /**
   * Who besides a registry's own account may pull from it, by the account that owns it: principals
   * as `isPrincipalNamed` takes them. On AWS the repositories' policies say so.
   */
  readonly readers: ReadonlyMap<string, readonly string[]>;
  /** Other names of registries (a pull-through proxy, a CNAME): alias → ECR host. */
  readonly aliases: ReadonlyMap<string, string>;
  /** Whether a live token does not log in at a host. */
  readonly refusesLogin: (token: IssuedToken, host: string) => boolean;
  /** What every registry contains. */
  readonly repositories: Repositories;
}

/** `public.ecr.aws` and its dual-stack name (awslabs/amazon-ecr-credential-helper, 2026-01). */
const PUBLIC_HOSTS = new Set(['public.ecr.aws', 'ecr-public.aws.com']);

const API_VERSION = { 'docker-distribution-api-version': 'registry/2.0' };

/**
 * A registry's `/v2/`, `/token/` of the public one, and the host of the layers; the Host header says which.
 *
 * - A private registry takes Basic authentication, as ECR: 200 for exactly the live tokens of its
 *   region whose principal may read it, else 401 with ECR's challenge.
 * - ECR Public takes the bearer token that its `/token/` gives for Basic authentication, which is
 *   the authorization token itself (kreuzwerker/terraform-provider-docker#666).
 *
 * Differences on purpose: ECR answers an expired token with 403 and an invalid one with 400, here
 * both are 401 with ECR's message; ECR Public also gives bearer tokens to anybody, here only for a
 * live token, so that a login proves one.
 */
export function answerRegistry(request: WireRequest, state: RegistryState): Answer {
  const host = withoutPort(headerOf(request, 'host').toLowerCase());
  const registry = state.aliases.get(host) ?? host;
  if (host === LAYER_HOST) return answerLayer(request);
  if (PUBLIC_HOSTS.has(registry)) return answerPublic(request, host, state);
  const ecrHost = parseEcrHost(registry);
  if (!ecrHost) return { status: 404, headers: {}, body: 'ECR stand-in: no such registry\n' };
  const token = isBasic(request) ? presentedToken(request, state) : undefined;
  if (isLive(token, state) && doesOpen(token, ecrHost, state) && !state.refusesLogin(token, host)) {
    return answerRepository(request, state.repositories) ?? loggedIn();
  }
  return unauthorized(`Basic realm="https://${host}/",service="ecr.amazonaws.com"`, token, state);
}

function answerPublic(request: WireRequest, host: string, state: RegistryState): Answer {
  const token = presentedToken(request, state);
  const isAccepted = isLive(token, state) && token.kind === 'public';
  const isTokenRequest = request.url.startsWith('/token');
  if (isAccepted && isTokenRequest && isBasic(request)) return json(200, { token: token.authorizationToken });
  if (isAccepted && !isTokenRequest && !isBasic(request)) return loggedIn();
  const challenge = `Bearer realm="https://${host}/token/",service="public.ecr.aws",scope="aws"`;
  return unauthorized(challenge, token, state);
}

function isLive(token: IssuedToken | undefined, { now }: RegistryState): token is IssuedToken {
  return token !== undefined && token.expiresAtMs > now();
}

function doesOpen(token: IssuedToken, ecrHost: EcrHost, { readers }: RegistryState): boolean {
  if (token.kind !== 'private' || token.region !== ecrHost.region) return false;
  const elements = [ecrHost.account, ...(readers.get(ecrHost.account) ?? [])];
  return elements.some((element) => isPrincipalNamed(token.principal, element));
}

function isBasic(request: WireRequest): boolean {
  return /^basic /i.test(headerOf(request, 'authorization'));
}

/** Both schemes carry base64 of `AWS:<password>`; it is looked up in its one canonical form. */
function presentedToken(request: WireRequest, { tokens }: RegistryState): IssuedToken | undefined {
  const [, encoded = ''] = headerOf(request, 'authorization').split(' ');
  return tokens.find(Buffer.from(encoded, 'base64').toString('base64'));
}

function loggedIn(): Answer {
  return { status: 200, headers: API_VERSION, body: '' };
}

function unauthorized(challenge: string, presented: IssuedToken | undefined, state: RegistryState): Answer {
  const headers = { ...API_VERSION, 'www-authenticate': challenge };
  if (!presented) return { status: 401, headers, body: 'Not Authorized\n' };
  const message = isLive(presented, state)
    ? 'Your Authorization Token is invalid.'
    : 'Your authorization token has expired. Reauthenticate and try again.';
  return json(401, { errors: [{ code: 'DENIED', message }] }, headers);
}

function json(status: number, body: object, headers: Record<string, string> = {}): Answer {
  const type = { 'content-type': 'application/json; charset=utf-8' };
  return { status, headers: { ...type, ...headers }, body: JSON.stringify(body) };
}
