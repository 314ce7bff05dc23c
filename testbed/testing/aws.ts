import { generateKeyPairSync, type JsonWebKey, type KeyObject, sign } from 'node:crypto';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { ECRClient, type ECRClientConfig, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { IdentityOptions } from '../src/ecr-stand-in/access-keys.ts';
import { computeSignature } from '../src/ecr-stand-in/canonical-request.ts';
import { formatBasicDate } from '../src/ecr-stand-in/signature.ts';

/** The keys that sign a request. */
export type Keys = Pick<IdentityOptions, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;

/** What `GetAuthorizationToken` answered, as the SDK reads it. */
export interface Authorization {
  readonly token: string;
  readonly expiresAt: Date | undefined;
  readonly proxyEndpoint: string | undefined;
}

/** Requests a token with the real SDK client; one attempt, no retry, unless the settings say so. */
export async function authorize(config: ECRClientConfig): Promise<Authorization> {
  const client = new ECRClient({ maxAttempts: 1, ...config });
  try {
    const { authorizationData } = await client.send(new GetAuthorizationTokenCommand({}));
    const { authorizationToken: token = '', expiresAt, proxyEndpoint } = authorizationData?.[0] ?? {};
    return { token, expiresAt, proxyEndpoint };
  } finally {
    client.destroy();
  }
}

/** A pull secret's document with one token under some keys. */
export function dockerConfig(token: string, ...registries: readonly string[]): string {
  return JSON.stringify({
    auths: Object.fromEntries(registries.map((key) => [key, { auth: token }])),
  });
}

/** A signed request, for what no installed SDK client speaks. */
export interface SignedRequest {
  readonly keys: Keys;
  readonly service: string;
  readonly region: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly nowMs?: number;
  /** `YYYYMMDD` of the credential scope. Default: the day of `nowMs`. */
  readonly scopeDate?: string;
  /** What is changed after the request was signed. */
  readonly tampered?: {
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
}

/** Sends a request signed by hand. */
export async function sendSigned(endpoint: string, asked: SignedRequest): Promise<Response> {
  const { keys, service, region, body, nowMs = Date.now(), tampered = {} } = asked;
  const date = formatBasicDate(nowMs);
  const token = keys.sessionToken ? { 'x-amz-security-token': keys.sessionToken } : {};
  const headers = { ...asked.headers, ...token, 'x-amz-date': date };
  const scope = { date: asked.scopeDate ?? date.slice(0, 8), region, service };
  const signed = { ...headers, host: new URL(endpoint).host };
  const names = Object.keys(signed).toSorted();
  const wire = { method: 'POST', url: '/', headers: signed, body };
  const signature = computeSignature(wire, names, scope, keys.secretAccessKey);
  const credential = `${keys.accessKeyId}/${scope.date}/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return fetch(endpoint, {
    method: 'POST',
    headers: { ...headers, authorization, ...tampered.headers },
    body: tampered.body ?? body,
  });
}

/** Sends an operation of STS, signed if there are keys. */
export async function sendSts(
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  keys?: Keys,
  nowMs?: number,
): Promise<{ readonly status: number; readonly body: string }> {
  const body = new URLSearchParams({ Version: '2011-06-15', ...parameters }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const when = nowMs === undefined ? {} : { nowMs };
  const response = keys
    ? await sendSigned(endpoint, {
        keys,
        service: 'sts',
        region: 'eu-west-1',
        headers,
        body,
        ...when,
      })
    : await fetch(endpoint, { method: 'POST', headers, body });
  return { status: response.status, body: await response.text() };
}

/** The text of an element in an STS answer; `''` if there is none. */
export function elementOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
}

/** The keys in the answer of an AssumeRole. */
export function keysOf(xml: string): Keys & { readonly sessionToken: string } {
  return {
    accessKeyId: elementOf(xml, 'AccessKeyId'),
    secretAccessKey: elementOf(xml, 'SecretAccessKey'),
    sessionToken: elementOf(xml, 'SessionToken'),
  };
}

/** Sends a request to a registry; the Host header says which. */
export function askRegistry(
  endpoint: string,
  host: string,
  authorization?: string,
): Promise<{ readonly status: number; readonly challenge: string; readonly body: string }> {
  const headers = { host, connection: 'close', ...(authorization ? { authorization } : {}) };
  return new Promise((resolve, reject) => {
    request(new URL('/v2/', endpoint), { headers }, (response) => {
      const challenge = response.headers['www-authenticate'] ?? '';
      const status = response.statusCode ?? 0;
      text(response).then((body) => resolve({ status, challenge, body }), reject);
    })
      .on('error', reject)
      .end();
  });
}

/** A cluster's issuer of service account tokens. */
export interface TokenIssuer {
  /** The public key, as the API server serves it at `/openid/v1/jwks`. */
  readonly jwk: JsonWebKey;
  /** Makes a token with these claims. */
  issue(claims: Readonly<Record<string, unknown>>): string;
}

/** An issuer with a fresh key: RSA signs RS256, EC signs ES256. */
export function createTokenIssuer(kind: 'rsa' | 'ec'): TokenIssuer {
  const { publicKey, privateKey } = createKeyPair(kind);
  return {
    jwk: publicKey.export({ format: 'jwk' }),
    issue: (claims) => {
      const header = { alg: kind === 'rsa' ? 'RS256' : 'ES256' };
      const content = [header, claims].map(encode).join('.');
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
      return `${content}.${sign('sha256', Buffer.from(content), key).toString('base64url')}`;
    },
  };
}

function createKeyPair(kind: 'rsa' | 'ec'): { publicKey: KeyObject; privateKey: KeyObject } {
  return kind === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
