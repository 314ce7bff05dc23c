import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { madeAtMs } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { type CaSecret, DISTRUST_BEFORE_ANNOTATION, ROTATE_AT_ANNOTATION } from './ca-secret.ts';

/** What a person sets by annotations of the CA's Secret. */
export interface CaAnnotations {
  /** When another CA is wanted; `undefined` without that annotation, or if it is no instant. */
  readonly rotateAtMs: number | undefined;
  /** No CA that was made before this instant may sign or be trusted; it is never in the future. */
  readonly distrustBeforeMs: number | undefined;
  /** Why annotations have no effect, as sentences; they hold no key. */
  readonly annotationProblems: readonly string[];
}

/** RFC 3339: `Date.parse` alone takes `1` for the year 2001, and `11/28/2026` for midnight somewhere. */
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** Enough of a value to recognize it. */
const QUOTED_LENGTH = 40;

/** Reads the annotations as of an instant. */
export function readCaAnnotations({ metadata: { annotations = {} } }: CaSecret, now: Date): CaAnnotations {
  const annotationProblems: string[] = [];
  const read = (name: string): number | undefined => {
    const text = annotations[name];
    if (text === undefined) return undefined;
    const ms = INSTANT.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms)) return ms;
    const quoted = JSON.stringify(text.slice(0, QUOTED_LENGTH));
    annotationProblems.push(`the annotation ${name} must be an instant such as 2026-01-31T12:00:00Z, it is ${quoted}`);
    return undefined;
  };
  const rotateAtMs = read(ROTATE_AT_ANNOTATION);
  const distrustBeforeMs = read(DISTRUST_BEFORE_ANNOTATION);
  if (distrustBeforeMs === undefined || distrustBeforeMs <= now.getTime()) {
    return { rotateAtMs, distrustBeforeMs, annotationProblems };
  }
  const instant = new Date(distrustBeforeMs).toISOString();
  annotationProblems.push(
    `the annotation ${DISTRUST_BEFORE_ANNOTATION} is ${instant}, which is in the future: every CA stays trusted until then, so set it to the present`,
  );
  return { rotateAtMs, distrustBeforeMs: undefined, annotationProblems };
}

/** Whether a CA, by its certificate, is one that a person distrusts. */
export type Distrusts = (certificatePem: string) => boolean;

/** The CAs whose keys the Secret has. */
interface KnownCas {
  readonly signing: PemPair | undefined;
  readonly signingSinceMs: number;
  readonly next: PemPair | undefined;
}

/**
 * A CA that a person put into the Secret may have been made earlier than its dates say, but no later than
 * it began to sign. What was trusted beside a distrusted CA that signs is older, or it is the next CA.
 *
 * Anyone who could write the Secret before the instant may have given a CA, or the beginning of its signing, a
 * later date than that: a date in the future is not believed, and if no CA signs, only the next CA is believed.
 */
export function createDistrusts(
  distrustBeforeMs: number | undefined,
  { signing, signingSinceMs, next }: KnownCas,
  nowMs: number,
): Distrusts {
  if (distrustBeforeMs === undefined) return () => false;
  const isSince = (ms: number): boolean => distrustBeforeMs <= ms && ms <= nowMs;
  const hasNewSigner = signing !== undefined && isSince(signingSinceMs);
  return (pem) => !isSince(madeAtMs(pem)) || !(hasNewSigner || pem === next?.certificatePem);
}

/** The certificates of a bundle that are not distrusted, as PEM. */
export function withoutDistrusted(pem: string, distrusts: Distrusts): string {
  return splitBundle(pem)
    .filter((certificate) => !distrusts(certificate))
    .join('');
}
