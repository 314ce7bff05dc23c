import type { AccessKey, AccessKeys } from './access-keys.ts';
import { createRefusal } from './aws-error.ts';
import { canonicalRequest, computeSignature, type SigningScope } from './canonical-request.ts';
import { headerOf, type WireRequest } from './wire.ts';

/** How far the client's clock may be off, as AWS documents it. */
const MAX_CLOCK_SKEW_MS = 15 * 60_000;

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/;

/** What the Authorization header says; nothing of it is verified yet. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  readonly scope: SigningScope;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

/** Reads the Authorization header; `undefined` if there is none of this scheme or it is malformed. */
export function readSignature(request: WireRequest): SignatureClaim | undefined {
  const match = AUTHORIZATION.exec(headerOf(request, 'authorization'));
  if (!match) return undefined;
  const [, accessKeyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  const scope = { date, region, service };
  return { accessKeyId, scope, signedHeaders: names.split(';'), signature };
}

/**
 * Verifies a request's AWS Signature Version 4 with the secret of the key that it names.
 *
 * @returns the key that signed, and the region it signed for
 * @throws a refusal, with the reason that AWS would give
 */
export function verifySignature(
  request: WireRequest,
  service: string,
  accessKeys: AccessKeys,
  nowMs: number,
): { readonly key: AccessKey; readonly region: string } {
  const claim = readSignature(request);
  if (!claim) throw noSignature(request);
  checkSignedHeaders(request, claim);
  checkScope(request, claim, service);
  const key = accessKeys.find(claim.accessKeyId);
  if (!key || headerOf(request, 'x-amz-security-token') !== key.sessionToken)
    throw createRefusal('unknown-key', 'The security token included in the request is invalid.');
  if (nowMs >= key.expiresAtMs)
    throw createRefusal('expired-session', 'The security token included in the request is expired');
  checkSkew(headerOf(request, 'x-amz-date'), nowMs);
  const expected = computeSignature(request, claim.signedHeaders, claim.scope, key.secretAccessKey);
  if (expected !== claim.signature) throw mismatch(request, claim);
  return { key, region: claim.scope.region };
}

/** As AWS does, with the request in it, of which the session token is a part. */
function mismatch(request: WireRequest, { signedHeaders }: SignatureClaim): Error {
  const canonical = canonicalRequest(request, signedHeaders);
  return createRefusal(
    'signature-mismatch',
    `${MISMATCH}\n\nThe Canonical String for this request should have been\n'${canonical}'\n`,
  );
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function noSignature(request: WireRequest): Error {
  return headerOf(request, 'authorization')
    ? createRefusal('incomplete-signature', 'Authorization header is malformed.')
    : createRefusal('missing-authentication', 'Request is missing Authentication Token');
}

/** AWS wants `host` and every `x-amz-` header of the request signed. */
function checkSignedHeaders(request: WireRequest, claim: SignatureClaim): void {
  const required = Object.keys(request.headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  const unsigned = ['x-amz-date', ...required].find((name) => !claim.signedHeaders.includes(name));
  if (unsigned === undefined) return;
  throw createRefusal('incomplete-signature', `'${unsigned}' must be a 'SignedHeader' in the AWS Authorization.`);
}

function checkScope(request: WireRequest, { scope }: SignatureClaim, service: string): void {
  if (scope.service !== service)
    throw createRefusal('signature-mismatch', `Credential should be scoped to correct service: '${service}'. `);
  if (!headerOf(request, 'x-amz-date').startsWith(`${scope.date}T`))
    throw createRefusal(
      'signature-mismatch',
      'Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP',
    );
}

function checkSkew(date: string, nowMs: number): void {
  const skewMs = parseBasicDate(date) - nowMs;
  if (skewMs < -MAX_CLOCK_SKEW_MS)
    throw createRefusal(
      'signature-mismatch',
      `Signature expired: ${date} is now earlier than ${formatBasicDate(nowMs - MAX_CLOCK_SKEW_MS)} (${formatBasicDate(nowMs)} - 15 min.)`,
    );
  if (skewMs > MAX_CLOCK_SKEW_MS)
    throw createRefusal(
      'signature-mismatch',
      `Signature not yet current: ${date} is still later than ${formatBasicDate(nowMs + MAX_CLOCK_SKEW_MS)} (${formatBasicDate(nowMs)} + 15 min.)`,
    );
}

/** ISO 8601 basic format in UTC, as `x-amz-date` carries it: `20261123T211145Z`. */
export function formatBasicDate(epochMs: number): string {
  return new Date(epochMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}

/** @throws a refusal, if the date is not in ISO 8601 basic format */
function parseBasicDate(date: string): number {
  const extended = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  const epochMs = Date.parse(extended);
  if (extended !== date && !Number.isNaN(epochMs)) return epochMs;
  throw createRefusal(
    'incomplete-signature',
    "Date must be in ISO-8601 'basic format'. See http://en.wikipedia.org/wiki/ISO_8601",
  );
}
