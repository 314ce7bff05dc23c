import { createLocalJWKSet, errors, type JWK, jwtVerify } from 'jose';
import { createRefusal } from './aws-error.ts';

/** A trust in the service account tokens of one cluster, for one subject. */
export interface WebIdentityTrust {
  /** The `iss` of the tokens, as the API server's `--service-account-issuer` says. */
  readonly issuer: string;
  /** The issuer's public keys: what the API server serves as `keys` at `/openid/v1/jwks`. */
  readonly keys: readonly JWK[];
  /** `system:serviceaccount:<namespace>:<name>` */
  readonly subject: string;
}

/**
 * Checks a service account token (RS256 or ES256) for a trust and an audience.
 *
 * @throws a refusal with the reason that STS would give
 */
export async function verifyWebIdentity(
  token: string,
  { issuer, keys, subject }: WebIdentityTrust,
  audience: string,
  nowMs: number,
): Promise<void> {
  const expected = { issuer, audience, subject, requiredClaims: ['exp'] };
  try {
    const keySet = createLocalJWKSet({ keys: [...keys] });
    await jwtVerify(token, keySet, { ...expected, currentDate: new Date(nowMs) });
  } catch (error) {
    throw refusalOf(error, nowMs);
  }
}

function refusalOf(error: unknown, nowMs: number): Error {
  if (error instanceof errors.JWTExpired)
    return createRefusal(
      'expired-identity-token',
      `Token expired: current date/time ${Math.floor(nowMs / 1000)} must be before the expiration date/time ${error.payload.exp}`,
    );
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'sub')
    return createRefusal('access-denied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  return createRefusal('invalid-identity-token', reasonOf(error));
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.claim === 'iss'
      ? `No OpenIDConnect provider found in your account for ${error.payload.iss}`
      : 'Incorrect token audience';
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return 'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';
  return "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
}
