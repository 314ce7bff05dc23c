import { randomBytes } from 'node:crypto';
import type { Principal } from './principal.ts';

/** What a token opens: the private registries of its region, or the one public registry. */
export type RegistryKind = 'private' | 'public';

/** An authorization token as it was handed out. */
export interface IssuedToken {
  readonly kind: RegistryKind;
  /** The region that the request was signed for. */
  readonly region: string;
  readonly principal: Principal;
  /** What a pull secret carries as the password; the user name is `AWS`. */
  readonly password: string;
  /** base64 of `AWS:<password>`, as the API answers it and as Basic authentication sends it. */
  readonly authorizationToken: string;
  readonly expiresAtMs: number;
}

/** What a token is made for. */
export type TokenSubject = Pick<IssuedToken, 'kind' | 'region' | 'principal'>;

/** Every token ever issued; a new one leaves the earlier ones alive until they expire, as on AWS. */
export interface TokenStore {
  issue(subject: TokenSubject): IssuedToken;
  /** Finds a token by its base64 form, expired or not. */
  find(authorizationToken: string): IssuedToken | undefined;
  all(): readonly IssuedToken[];
}

/** An empty store whose tokens live `lifetimeMs` from their issue. */
export function createTokenStore(now: () => number, lifetimeMs: number): TokenStore {
  const tokens = new Map<string, IssuedToken>();
  return {
    issue: (subject) => {
      const expiresAtMs = now() + lifetimeMs;
      const password = createPassword(expiresAtMs);
      const authorizationToken = Buffer.from(`AWS:${password}`).toString('base64');
      const token = { ...subject, password, authorizationToken, expiresAtMs };
      tokens.set(authorizationToken, token);
      return token;
    },
    find: (authorizationToken) => tokens.get(authorizationToken),
    all: () => [...tokens.values()],
  };
}

/**
 * A password shaped as ECR's: base64 of a JSON envelope around encrypted bytes. The sizes make the
 * authorization token about 1,900 characters long, as real ones are.
 */
function createPassword(expiresAtMs: number): string {
  const envelope = {
    payload: randomBytes(540).toString('base64'),
    datakey: randomBytes(168).toString('base64'),
    version: '2',
    type: 'DATA_KEY',
    expiration: Math.floor(expiresAtMs / 1000),
  };
  return Buffer.from(JSON.stringify(envelope)).toString('base64');
}
