import { createPublicKey, type JsonWebKey, verify, type VerifyKeyObjectInput } from 'node:crypto';
import { createRefusal } from './aws-error.ts';
import { parseJson } from './json.ts';

/** A trust in the service account tokens of one cluster, for one subject. */
export interface WebIdentityTrust {
  /** The `iss` of the tokens, as the API server's `--service-account-issuer` says. */
  readonly issuer: string;
  /** The issuer's public keys: what the API server serves as `keys` at `/openid/v1/jwks`. */
  readonly keys: readonly JsonWebKey[];
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly subject: string;
}

/** What a service account token says about itself. */
interface Claims {
  readonly iss?: unknown;
  readonly sub?: unknown;
  readonly aud?: unknown;
  readonly exp?: unknown;
}

/**
 * Checks a service account token (RS256 or ES256) for a trust and an audience.
 *
 * @throws a refusal with the reason that STS would give
 */
export function verifyWebIdentity(
  token: string,
  trust: WebIdentityTrust,
  audience: string,
  nowMs: number,
): void {
  const claims = readClaims(token);
  if (claims.iss !== trust.issuer)
    throw createRefusal(
      'invalid-identity-token',
      `No OpenIDConnect provider found in your account for ${String(claims.iss)}`,
    );
  if (!trust.keys.some((key) => isSignedBy(token, key)))
    throw createRefusal(
      'invalid-identity-token',
      "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  if (![claims.aud].flat().includes(audience))
    throw createRefusal('invalid-identity-token', 'Incorrect token audience');
  if (typeof claims.exp !== 'number' || nowMs >= claims.exp * 1000)
    throw createRefusal(
      'expired-identity-token',
      `Token expired: current date/time ${Math.floor(nowMs / 1000)} must be before the expiration date/time ${String(claims.exp)}`,
    );
  if (claims.sub !== trust.subject)
    throw createRefusal('access-denied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
}

function readClaims(token: string): Claims {
  const [, payload = ''] = token.split('.');
  const claims = parseJson(Buffer.from(payload, 'base64url').toString());
  if (typeof claims === 'object' && claims !== null) return claims;
  throw createRefusal(
    'invalid-identity-token',
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  );
}

function isSignedBy(token: string, jwk: JsonWebKey): boolean {
  const dot = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(dot + 1), 'base64url');
  // JWS carries ECDSA signatures as r||s (RFC 7518 §3.4); for RSA the option means nothing.
  const key: VerifyKeyObjectInput = {
    key: createPublicKey({ key: jwk, format: 'jwk' }),
    dsaEncoding: 'ieee-p1363',
  };
  return verify('sha256', Buffer.from(token.slice(0, dot)), key, signature);
}
