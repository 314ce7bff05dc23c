import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { madeAtMs } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import {
  type AuthoritySecret,
  DISTRUST_BEFORE_ANNOTATION,
  ROTATE_AT_ANNOTATION,
} from './ca-secret.ts';

/** What a person asks for by annotations of the CA's Secret. */
export interface AuthorityRequests {
  /** When another CA is wanted; `undefined` if nobody asks or the text is no instant. */
  readonly rotateAtMs: number | undefined;
  /** No CA that was made before this instant may sign or be trusted; it is never in the future. */
  readonly distrustBeforeMs: number | undefined;
  /** Why a request is not carried out, as sentences; they hold no key. */
  readonly refusals: readonly string[];
}

/** RFC 3339: `Date.parse` alone takes `1` for the year 2001, and `11/28/2026` for midnight somewhere. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Enough of a value to recognize it. */
const QUOTED_LENGTH = 40;

/** Reads the annotations as of an instant. */
export function readAuthorityRequests(
  { metadata: { annotations = {} } }: AuthoritySecret,
  nowMs: number,
): AuthorityRequests {
  const refusals: string[] = [];
  const read = (name: string): number | undefined => {
    const text = annotations[name];
    if (text === undefined) return undefined;
    const ms = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms)) return ms;
    const quoted = JSON.stringify(text.slice(0, QUOTED_LENGTH));
    refusals.push(
      `the annotation ${name} must be an instant such as 2026-01-31T12:00:00Z, it is ${quoted}`,
    );
    return undefined;
  };
  const rotateAtMs = read(ROTATE_AT_ANNOTATION);
  const distrustBeforeMs = read(DISTRUST_BEFORE_ANNOTATION);
  if (distrustBeforeMs === undefined || distrustBeforeMs <= nowMs) {
    return { rotateAtMs, distrustBeforeMs, refusals };
  }
  const instant = new Date(distrustBeforeMs).toISOString();
  refusals.push(
    `the annotation ${DISTRUST_BEFORE_ANNOTATION} is ${instant}, which is in the future: every CA stays trusted until then, so set it to the present`,
  );
  return { rotateAtMs, distrustBeforeMs: undefined, refusals };
}

/** Whether a CA, by its certificate, is one that a person distrusts. */
export type Distrusts = (certificatePem: string) => boolean;

/** The CAs that the Secret has keys of. */
interface KnownAuthorities {
  readonly signing: CertificateAuthority | undefined;
  readonly signingSinceMs: number;
  readonly next: CertificateAuthority | undefined;
}

/**
 * A CA that somebody put into the Secret may have been made earlier than its dates tell, but no later than
 * it began to sign. What was trusted beside a distrusted one that signs is older, or it is the next one.
 *
 * Whoever could write the Secret before the instant may have dated a CA, or the beginning of its signing, later
 * than that: a date that is still to come is not believed, and where nothing signs, only the next one is.
 */
export function createDistrusts(
  distrustBeforeMs: number | undefined,
  { signing, signingSinceMs, next }: KnownAuthorities,
  nowMs: number,
): Distrusts {
  if (distrustBeforeMs === undefined) return () => false;
  const isSince = (ms: number): boolean => distrustBeforeMs <= ms && ms <= nowMs;
  const hasNewSigner = signing !== undefined && isSince(signingSinceMs);
  return (pem) => !isSince(madeAtMs(pem)) || !(hasNewSigner || pem === next?.certificatePem);
}

/** The certificates of a bundle that nobody distrusts, as PEM. */
export function withoutDistrusted(pem: string, distrusts: Distrusts): string {
  return splitBundle(pem)
    .filter((certificate) => !distrusts(certificate))
    .join('');
}
