import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import {
  type ApiError,
  isApiError,
  isNamespaceTerminating,
} from '@ecr-pull-secrets/kube/api-error.ts';

/** Why the API server does not take one namespace's secret while it takes others. */
export type RefusalCause =
  | 'webhook'
  | 'webhook-away'
  | 'slow'
  | 'policy'
  | 'quota'
  | 'rights'
  | 'forbidden'
  | 'content'
  | 'size'
  | 'other';

/**
 * Admission may answer with any status: a webhook names its own or else gets 400, one that fails gives
 * 500, a policy 401, 403, 413 or 422. Only the words tell
 * (apiserver v0.37 `admission/plugin/webhook/errors/statuserror.go`, `util/webhook/error.go`,
 * `admission/plugin/policy/{validating/dispatcher,generic/policy_dispatcher}.go`).
 */
const ADMISSION: readonly (readonly [RegExp, RefusalCause])[] = [
  [/failed calling webhook "/, 'webhook-away'],
  [/admission webhook "[^"]*" /, 'webhook'],
  [/AdmissionPolicy '|policy ['"][^'"]*['"] (with binding '[^']*' )?denied request/, 'policy'],
];

/** What else is forbidden, by the API server's words. */
const FORBIDDEN: readonly (readonly [RegExp, RefusalCause])[] = [
  [/(exceeded|failed|insufficient|status unknown for) quota/, 'quota'],
  [/User "[^"]*" cannot /, 'rights'],
];

/**
 * Labels, annotations and data of others may fill an object. etcd takes requests of 1.5 MiB, and an API server sends it
 * 2 MiB at most; either answer has the status 500 [tried on 1.37.2].
 */
const TOO_LARGE = /etcdserver: request is too large|trying to send message larger than max/;

/** Admission refuses everything for a moment after an API server started. */
const NOT_READY = /not yet ready to handle request/;

/**
 * The API server's answer when its 34 s are over, and that of a proxy that waits no longer. Where that happens to
 * everybody, the lease is lost first.
 */
const GATEWAY_TIMEOUT = 504;

/**
 * Who writes the lease every two seconds and still leads after this time has had answers meanwhile: a write without one
 * is not the API server's matter, whoever cut it off. The lease lasts as long (`LEASE_DURATION_MS`).
 */
export const OWN_MATTER_AFTER_MS = 15_000;

/** Why an answer is one namespace's own matter; `undefined` where it is not, or may not be. */
export function refusalCauseOf({ status, message }: ApiError): RefusalCause | undefined {
  if (NOT_READY.test(message)) return undefined;
  if (TOO_LARGE.test(message)) return 'size';
  if (status === GATEWAY_TIMEOUT) return 'slow';
  const admission = causeIn(ADMISSION, message);
  if (admission) return admission;
  if (status === 403) return causeIn(FORBIDDEN, message) ?? 'forbidden';
  if (status === 422) return 'content';
  return status === 400 ? 'other' : undefined;
}

function causeIn(
  causes: readonly (readonly [RegExp, RefusalCause])[],
  message: string,
): RefusalCause | undefined {
  return causes.find(([words]) => words.test(message))?.[1];
}

/** What a write, or a look at a secret, that failed means. */
export type WriteFailure =
  /** The namespace goes, or is not there any more. */
  | { readonly kind: 'gone' }
  /** The secret is of another version than was thought. */
  | { readonly kind: 'conflict' }
  /** This namespace's own matter. */
  | { readonly kind: 'refused'; readonly cause: RefusalCause }
  /** The API server's matter, and so everybody's. */
  | { readonly kind: 'server' };

/**
 * @param tookMs - how long the attempt of a leader took; 0 if nobody knows whether the API server answered meanwhile
 */
export function writeFailureOf(error: unknown, tookMs: number): WriteFailure {
  if (isNamespaceTerminating(error)) return { kind: 'gone' };
  const isLate = isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT') || tookMs >= OWN_MATTER_AFTER_MS;
  const cause = isApiError(error) ? refusalCauseOf(error) : undefined;
  if (cause) return { kind: 'refused', cause };
  if (isApiError(error, 404)) return { kind: 'gone' };
  if (isApiError(error, 409)) return { kind: 'conflict' };
  return isLate ? { kind: 'refused', cause: 'slow' } : { kind: 'server' };
}

/** What a failed look at a secret means: nobody's webhook or policy is asked about it, so only rights can be missing. */
export function lookFailureOf(error: unknown): WriteFailure {
  if (isApiError(error, 404)) return { kind: 'gone' };
  if (!isApiError(error, 403)) return { kind: 'server' };
  return { kind: 'refused', cause: causeIn(FORBIDDEN, error.message) ?? 'forbidden' };
}
