import { randomBytes } from 'node:crypto';
import { type Principal, userPrincipal } from './principal.ts';

/** A user's access key, as a test configures it; with a session token it is a temporary one. */
export interface IdentityOptions {
  /** The 12 digits of the AWS account. */
  readonly account: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** When temporary keys die, in ms since the epoch. Default: never. */
  readonly expiresAtMs?: number;
  /** Default: `renewer`. */
  readonly userName?: string;
}

/** An access key of the stand-in, and whose it is. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `''` for a key that needs none. */
  readonly sessionToken: string;
  readonly expiresAtMs: number;
  readonly principal: Principal;
}

/** Every key that signs successfully. */
export interface AccessKeys {
  find(accessKeyId: string): AccessKey | undefined;
  /** Makes temporary keys for a role's session. */
  issueSession(principal: Principal, expiresAtMs: number): AccessKey;
  /** Every secret key and session token, configured or issued, to search logs for. */
  secrets(): readonly string[];
}

/** The configured users' keys; sessions are added as they are issued. */
export function createAccessKeys(identities: readonly IdentityOptions[]): AccessKeys {
  const keys = new Map(identities.map((identity) => [identity.accessKeyId, userKey(identity)]));
  return {
    find: (accessKeyId) => keys.get(accessKeyId),
    issueSession: (principal, expiresAtMs) => {
      const key = sessionKey(principal, expiresAtMs);
      keys.set(key.accessKeyId, key);
      return key;
    },
    secrets: () => [...keys.values()].flatMap(secretsOf),
  };
}

function userKey(identity: IdentityOptions): AccessKey {
  const { account, accessKeyId, secretAccessKey, userName = 'renewer' } = identity;
  const { sessionToken = '', expiresAtMs = Number.POSITIVE_INFINITY } = identity;
  const principal = userPrincipal(account, userName);
  return { accessKeyId, secretAccessKey, sessionToken, expiresAtMs, principal };
}

/** Lengths as AWS's: 20 characters with the prefix ASIA, 40 characters, some hundred characters. */
function sessionKey(principal: Principal, expiresAtMs: number): AccessKey {
  return {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(300).toString('base64'),
    expiresAtMs,
    principal,
  };
}

function secretsOf(key: AccessKey): string[] {
  return key.sessionToken ? [key.secretAccessKey, key.sessionToken] : [key.secretAccessKey];
}
