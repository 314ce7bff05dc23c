import type { AccessKey, AccessKeys } from './access-keys.ts';
import { createRefusal } from './aws-error.ts';
import { isPrincipalNamed, type Principal, sessionPrincipal } from './principal.ts';
import type { WebIdentityTrust } from './web-identity.ts';

/** A role and who may take it on. */
export interface RoleOptions {
  readonly arn: string;
  /** Who may call AssumeRole: ARNs of users or roles, accounts as 12 digits or `arn:…:root`. */
  readonly trustedPrincipals?: readonly string[];
  /** The external id that AssumeRole must bring. */
  readonly externalId?: string;
  /** Who may call AssumeRoleWithWebIdentity (IRSA), with the audience `sts.amazonaws.com`. */
  readonly webIdentity?: WebIdentityTrust;
  /** Who gets the role by EKS Pod Identity, with the audience `pods.eks.amazonaws.com`. */
  readonly podIdentity?: WebIdentityTrust;
  /** The role's MaxSessionDuration. Default: 1 h, as on AWS. */
  readonly maxSessionMs?: number;
}

/** The least and the default session, and the most that a role's session may request for another role. */
const MIN_SESSION_MS = 15 * 60_000;
const DEFAULT_SESSION_MS = 3_600_000;
const MAX_CHAINED_SESSION_MS = 3_600_000;

/** How a role is taken on. */
export interface SessionRequest {
  readonly role: RoleOptions;
  readonly sessionName: string;
  /** Default: 1 h. */
  readonly durationMs?: number;
  /** Whether the caller is a role's session itself (role chaining). */
  readonly isChained: boolean;
}

/**
 * The role that a signed caller may assume.
 *
 * @throws a refusal; as on AWS, a role that does not exist looks like one that does not trust
 */
export function findAssumableRole(
  roles: readonly RoleOptions[],
  roleArn: string,
  caller: Principal,
  externalId: string | null,
): RoleOptions {
  const role = roles.find((candidate) => candidate.arn === roleArn);
  const isTrusted = role?.trustedPrincipals?.some((element) => isPrincipalNamed(caller, element));
  if (role && isTrusted && (role.externalId ?? externalId) === externalId) return role;
  throw createRefusal(
    'access-denied',
    `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`,
  );
}

/**
 * Makes the keys of a role's session.
 *
 * @throws a refusal, if the session's name or duration is not what STS takes
 */
export function openSession(request: SessionRequest, accessKeys: AccessKeys, nowMs: number): AccessKey {
  const { role, sessionName, isChained, durationMs = DEFAULT_SESSION_MS } = request;
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
    throw createRefusal(
      'invalid-parameter',
      String.raw`1 validation error detected: Value at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]*`,
    );
  // Written so that NaN, a duration that is no number, is refused too.
  if (!(durationMs >= MIN_SESSION_MS))
    throw createRefusal(
      'invalid-parameter',
      "1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900",
    );
  if (isChained && durationMs > MAX_CHAINED_SESSION_MS)
    throw createRefusal(
      'invalid-parameter',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining',
    );
  if (durationMs > (role.maxSessionMs ?? DEFAULT_SESSION_MS))
    throw createRefusal(
      'invalid-parameter',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  return accessKeys.issueSession(sessionPrincipal(role.arn, sessionName), nowMs + durationMs);
}
