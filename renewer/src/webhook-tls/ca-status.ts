import { mergeBundles, splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import type { CertificateAuthority } from '@ecr-pull-secrets/certs-scripts/issue/certificate-authority.ts';
import { certificateDates } from '@ecr-pull-secrets/certs-scripts/verify/certificate-dates.ts';
import { verifyAuthority } from '@ecr-pull-secrets/certs-scripts/verify/certificate-authority.ts';
import { createDistrusts, type Distrusts, readAuthorityRequests } from './ca-annotations.ts';
import {
  AUTHORITY_KEYS,
  type AuthoritySecret,
  FORMAT,
  FORMAT_ANNOTATION,
  type CaSecret,
  SIGNING_SINCE_ANNOTATION,
} from './ca-secret.ts';

/** What the Secret is worth at some instant. */
export type CaStatus = { readonly kind: 'unknown' } | { readonly kind: 'absent' } | PresentCa;

export interface PresentCa {
  readonly kind: 'present';
  readonly resourceVersion: string;
  /** Signs serving certificates; `undefined` where there is none of use. */
  readonly signing: CertificateAuthority | undefined;
  /** Signs once every API server trusts it; `undefined` if there is none of use, or it is distrusted. */
  readonly next: CertificateAuthority | undefined;
  /**
   * Everything that API servers are to trust: the `caBundle`. Also what has expired: they judge that by
   * clocks of their own, and ours may be wrong.
   */
  readonly trustedPem: string;
  /** Since when `signing` signs. */
  readonly signingSinceMs: number;
  /** When somebody wants a rotation; `undefined` where nobody does or the text is no instant. */
  readonly rotateAtMs: number | undefined;
  /** Says of a CA's certificate whether a person distrusts it. */
  readonly distrusts: Distrusts;
  /** Why what a person asks for by annotations is not carried out. */
  readonly refusals: readonly string[];
  /** Written by another version of this program: to be used, not to be changed. */
  readonly isNewer: boolean;
  /** Whether nothing but another Secret can hold an authority: no write to this one can succeed. */
  readonly isStuck: boolean;
  /** What is wrong with `signing`; never quotes a key. */
  readonly problems: readonly string[];
}

/**
 * Of the bundle as PEM. Ours have a few certificates of 1 KiB; a thief can fill the Secret with them, so that it has no
 * room for another one of ours. The fence lets us write twice as much (`fence-secrets.yaml`).
 */
const MOST_LISTED_LENGTH = 128 * 1024;

/** The type of a Secret that takes any data. */
const OPAQUE = 'Opaque';

/** Reads the Secret as of now: what was valid once expires. */
export function caStatusOf(known: CaSecret, now: Date): CaStatus {
  return known.kind === 'present' ? viewSecret(known.secret, now) : known;
}

function viewSecret(secret: AuthoritySecret, now: Date): PresentCa {
  const { annotations = {}, resourceVersion = '' } = secret.metadata;
  const current = pairOf(secret, AUTHORITY_KEYS.signing);
  const problems = verifyAuthority(current, now);
  const signing = problems.length === 0 ? current : undefined;
  const signingSinceMs = instantOf(annotations[SIGNING_SINCE_ANNOTATION]) ?? notBeforeMs(signing);
  const { distrustBeforeMs, rotateAtMs, refusals } = readAuthorityRequests(secret, now.getTime());
  const candidate = nextOf(secret, current, now);
  const distrusts = createDistrusts(
    distrustBeforeMs,
    { signing, signingSinceMs, next: candidate },
    now.getTime(),
  );
  const next = unlessDistrusted(candidate, distrusts);
  const listed = latestOf(textOf(secret, AUTHORITY_KEYS.trusted));
  const trustedPem = mergeBundles(listed, certificatesOf([current, next]));
  return {
    kind: 'present',
    resourceVersion,
    signing,
    next,
    trustedPem,
    signingSinceMs,
    rotateAtMs,
    distrusts,
    refusals,
    isNewer: (annotations[FORMAT_ANNOTATION] ?? FORMAT) !== FORMAT,
    isStuck: secret.immutable === true || (!signing && (secret.type ?? OPAQUE) !== OPAQUE),
    problems,
  };
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

function unlessDistrusted(
  authority: CertificateAuthority | undefined,
  distrusts: Distrusts,
): CertificateAuthority | undefined {
  return authority && !distrusts(authority.certificatePem) ? authority : undefined;
}

function certificatesOf(
  authorities: readonly (CertificateAuthority | undefined)[],
): readonly string[] {
  return authorities.map((authority) => authority?.certificatePem ?? '');
}

/** One that is no use counts as absent, as does one that signs already: others may own its fields. */
function nextOf(
  secret: AuthoritySecret,
  current: CertificateAuthority,
  now: Date,
): CertificateAuthority | undefined {
  const next = pairOf(secret, AUTHORITY_KEYS.next);
  if (next.certificatePem === current.certificatePem) return undefined;
  return verifyAuthority(next, now).length === 0 ? next : undefined;
}

function pairOf(
  secret: AuthoritySecret,
  { certificate, privateKey }: typeof AUTHORITY_KEYS.signing | typeof AUTHORITY_KEYS.next,
): CertificateAuthority {
  const text = textOf(secret, certificate);
  const [pem, ...more] = splitBundle(text);
  return {
    // In the form in which bundles have it, so that it is found there.
    certificatePem: pem !== undefined && more.length === 0 ? pem : text,
    privateKeyPem: textOf(secret, privateKey),
  };
}

function textOf({ data = {} }: AuthoritySecret, key: string): string {
  return Buffer.from(data[key] ?? '', 'base64').toString();
}

function notBeforeMs(authority: CertificateAuthority | undefined): number {
  return authority ? certificateDates(authority.certificatePem).notBefore.getTime() : 0;
}

function instantOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}
