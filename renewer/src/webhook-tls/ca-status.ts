import { mergeBundles, splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { caProblemsAt, readCa, type ReadCa } from '@ecr-pull-secrets/certs-scripts/verify/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { createDistrusts, readCaAnnotations } from './ca-annotations.ts';
import { CA_SECRET_KEYS, type CaSecret, FORMAT, FORMAT_ANNOTATION, SIGNING_SINCE_ANNOTATION } from './ca-secret.ts';

/** What was observed of the Secret. */
export type ObservedCa =
  /** Not read yet. */
  { readonly kind: 'unknown' } | { readonly kind: 'absent' } | ObservedCaSecret;

/** The Secret, and what is in it whatever the time is. */
export interface ObservedCaSecret {
  readonly kind: 'present';
  readonly secret: CaSecret;
  readonly signing: ObservedPair;
  readonly next: ObservedPair;
  /** PEM of the certificates that the Secret lists as trusted. */
  readonly listedPem: string;
}

interface ObservedPair extends ReadCa {
  readonly pair: PemPair;
}

/** What the Secret is worth at some instant. */
export type CaStatus = { readonly kind: 'unknown' } | { readonly kind: 'absent' } | PresentCa;

/** The status of a Secret that is there. */
export type PresentCa = Readonly<ReturnType<typeof presentCaOf>>;

/**
 * Of the bundle as PEM. Ours have a few certificates of 1 KiB; a thief can fill the Secret with them, so that it has no
 * room for another one of ours. The fence lets us write twice as much (`fence-secrets.yaml`).
 */
const MOST_LISTED_LENGTH = 128 * 1024;

/** The type of a Secret that takes any data. */
const OPAQUE = 'Opaque';

/** Reads the Secret, which takes RSA operations: once for each change of it. */
export function observeCaSecret(secret: CaSecret): ObservedCaSecret {
  const observe = (keys: typeof CA_SECRET_KEYS.signing | typeof CA_SECRET_KEYS.next) => {
    const pair = pairOf(secret, keys);
    return { pair, ...readCa(pair) };
  };
  return {
    kind: 'present',
    secret,
    signing: observe(CA_SECRET_KEYS.signing),
    next: observe(CA_SECRET_KEYS.next),
    listedPem: latestOf(textOf(secret, CA_SECRET_KEYS.trusted)),
  };
}

/** The status at an instant, by comparisons of dates alone. */
export function caStatusOf(observed: ObservedCa, now: Date): CaStatus {
  return observed.kind === 'present' ? presentCaOf(observed, now) : observed;
}

function presentCaOf(observed: ObservedCaSecret, now: Date) {
  const { secret } = observed;
  const problems = caProblemsAt(observed.signing, now);
  const signing = problems.length === 0 ? observed.signing.pair : undefined;
  const signingSinceMs = signingSinceMsOf(secret, signing && observed.signing);
  const annotations = readCaAnnotations(secret, now);
  const candidate = usableNext(observed, now);
  const known = { signing, signingSinceMs, next: candidate };
  const distrusts = createDistrusts(annotations.distrustBeforeMs, known, now.getTime());
  const next = candidate && !distrusts(candidate.certificatePem) ? candidate : undefined;
  const shown = [observed.signing.pair, ...(next ? [next] : [])];
  return {
    ...annotations,
    kind: 'present' as const,
    resourceVersion: secret.metadata.resourceVersion ?? '',
    /** Signs serving certificates; `undefined` if the Secret has no usable CA. */
    signing,
    /** Signs once every API server trusts it; `undefined` if there is no usable one, or it is distrusted. */
    next,
    /**
     * Everything that API servers are to trust: the `caBundle`. Also what has expired: they judge that by
     * clocks of their own, and ours may be wrong.
     */
    trustedPem: mergeBundles(
      observed.listedPem,
      shown.map(({ certificatePem }) => certificatePem),
    ),
    /** Since when `signing` signs. */
    signingSinceMs,
    /** Whether a person distrusts a CA, by its certificate. */
    distrusts,
    /** Written by another version of this program: to be used, not to be changed. */
    isOtherFormat: (secret.metadata.annotations?.[FORMAT_ANNOTATION] ?? FORMAT) !== FORMAT,
    /** Whether only another Secret can hold a CA: no write to this one can succeed. */
    isStuck: isStuck(secret, signing !== undefined),
    /** What is wrong with `signing`; never quotes a key. */
    problems,
  };
}

function isStuck({ immutable, type = OPAQUE }: CaSecret, isUsable: boolean): boolean {
  return immutable === true || (!isUsable && type !== OPAQUE);
}

/** The last certificates of a bundle, which are the newest. */
function latestOf(bundlePem: string): string {
  let latest = '';
  for (const pem of splitBundle(bundlePem).toReversed()) {
    if (latest.length + pem.length > MOST_LISTED_LENGTH) break;
    latest = pem + latest;
  }
  return latest;
}

/** A CA that is not usable counts as absent, as does one that signs already: others may own its fields. */
function usableNext({ signing, next }: ObservedCaSecret, now: Date): PemPair | undefined {
  if (next.pair.certificatePem === signing.pair.certificatePem) return undefined;
  return caProblemsAt(next, now).length === 0 ? next.pair : undefined;
}

function pairOf(
  secret: CaSecret,
  { certificate, privateKey }: { readonly certificate: string; readonly privateKey: string },
): PemPair {
  const text = textOf(secret, certificate);
  const [pem, ...more] = splitBundle(text);
  return {
    // In the form in which bundles have it, so that it is found there.
    certificatePem: pem !== undefined && more.length === 0 ? pem : text,
    privateKeyPem: textOf(secret, privateKey),
  };
}

function textOf({ data = {} }: CaSecret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

/** What is written, or else the beginning of the CA that signs. */
function signingSinceMsOf({ metadata }: CaSecret, signing: ReadCa | undefined): number {
  const writtenMs = Date.parse(metadata.annotations?.[SIGNING_SINCE_ANNOTATION] ?? '');
  return Number.isNaN(writtenMs) ? (signing?.certificate?.notBefore.getTime() ?? 0) : writtenMs;
}
