import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { SLOW_WRITE_MS } from '../queue/pacing.ts';
import { type ApiError, isApiError, isNamespaceTerminating } from '@ecr-pull-secrets/kube/api-error.ts';

/** Why the API server refuses the secret of one namespace while it accepts others. */
export type RefusalCause =
  | 'webhook'
  | 'webhook-unavailable'
  | 'slow'
  | 'policy'
  | 'quota'
  | 'rights'
  | 'forbidden'
  | 'content'
  | 'size'
  | 'other';

/**
 * Admission may set any status: a webhook chooses its own or else gets 400, one that fails gives
 * 500, a policy 401, 403, 413 or 422. Only the message shows the cause
 * (apiserver v0.37 `admission/plugin/webhook/errors/statuserror.go`, `util/webhook/error.go`,
 * `admission/plugin/policy/{validating/dispatcher,generic/policy_dispatcher}.go`).
 */
const ADMISSION: readonly (readonly [RegExp, RefusalCause])[] = [
  [/failed calling webhook "/, 'webhook-unavailable'],
  [/admission webhook "[^"]*" /, 'webhook'],
  [/AdmissionPolicy '|policy ['"][^'"]*['"] (with binding '[^']*' )?denied request/, 'policy'],
];

/** Other causes of a 403, by the API server's message. */
const FORBIDDEN: readonly (readonly [RegExp, RefusalCause])[] = [
  [/(exceeded|failed|insufficient|status unknown for) quota/, 'quota'],
  [/User "[^"]*" cannot /, 'rights'],
];

/**
 * Labels, annotations and data of others may fill an object. etcd accepts requests of 1.5 MiB, and an API server sends
 * it 2 MiB at most; either failure has the status 500 [tried on 1.37.2].
 */
const TOO_LARGE = /etcdserver: request is too large|trying to send message larger than max/;

/** Admission refuses everything for a moment after an API server started. */
const NOT_READY = /not yet ready to handle request/;

/**
 * The API server's status after its 34 s, in these words (apiserver v0.37 `endpoints/handlers/finisher/finisher.go`,
 * `server/filters/timeout.go`), and that of a proxy with a shorter timeout. If that happens to all requests, the lease
 * is lost first. A proxy that responds so at once reaches no API server: no webhook is the cause.
 */
const GATEWAY_TIMEOUT = 504;
const TIME_WAS_UP = /request did not complete within/;

/**
 * A process that writes the lease every two seconds and still leads after this time had responses meanwhile: the cause
 * of a write without one is in that namespace, even if a proxy cut it off. The lease lasts as long
 * (`LEASE_DURATION_MS`).
 */
export const NAMESPACE_CAUSE_AFTER_MS = 15_000;

/**
 * Why the cause of a failure is in one namespace; `undefined` if it is not, or may not be.
 *
 * @param tookMs - as for `writeFailureCauseOf`
 */
export function refusalCauseOf({ status, message }: ApiError, tookMs = 0): RefusalCause | undefined {
  if (NOT_READY.test(message)) return undefined;
  if (TOO_LARGE.test(message)) return 'size';
  if (status === GATEWAY_TIMEOUT) return TIME_WAS_UP.test(message) || tookMs >= SLOW_WRITE_MS ? 'slow' : undefined;
  const admission = causeIn(ADMISSION, message);
  if (admission) return admission;
  if (status === 403) return causeIn(FORBIDDEN, message) ?? 'forbidden';
  if (status === 422) return 'content';
  return status === 400 ? 'other' : undefined;
}

function causeIn(causes: readonly (readonly [RegExp, RefusalCause])[], message: string): RefusalCause | undefined {
  return causes.find(([pattern]) => pattern.test(message))?.[1];
}

/** What the failure of a write, or of a read of a secret, means. */
export type FailureCause =
  /** The namespace is being deleted, or does not exist any more. */
  | { readonly kind: 'gone' }
  /** The secret has another version than the cache. */
  | { readonly kind: 'conflict' }
  /** The cause is in this namespace. */
  | { readonly kind: 'refused'; readonly cause: RefusalCause }
  /** The cause is in the API server, and so all namespaces are affected. */
  | { readonly kind: 'server' };

/**
 * @param tookMs - how long the attempt of a leader took; 0 if it is unknown whether the API server responded meanwhile
 */
export function writeFailureCauseOf(error: unknown, tookMs: number): FailureCause {
  if (isNamespaceTerminating(error)) return { kind: 'gone' };
  const isSlow = isCodedError(error, 'ECRPS_KUBERNETES_TIMEOUT') || tookMs >= NAMESPACE_CAUSE_AFTER_MS;
  const cause = isApiError(error) ? refusalCauseOf(error, tookMs) : undefined;
  if (cause) return { kind: 'refused', cause };
  if (isApiError(error, 404)) return { kind: 'gone' };
  if (isApiError(error, 409)) return { kind: 'conflict' };
  return isSlow ? { kind: 'refused', cause: 'slow' } : { kind: 'server' };
}

/** Webhooks and policies see no reads, so of the causes in a namespace only missing rights remain. */
export function readFailureCauseOf(error: unknown): FailureCause {
  if (isApiError(error, 404)) return { kind: 'gone' };
  if (!isApiError(error, 403)) return { kind: 'server' };
  return { kind: 'refused', cause: causeIn(FORBIDDEN, error.message) ?? 'forbidden' };
}
