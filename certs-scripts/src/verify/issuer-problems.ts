import { findChains } from './certificate-chain.ts';
import { caName, oneLine, usageProblems } from './certificate-problems.ts';
import type { Certificate } from './certificate.ts';
import { nameConstraintProblems } from './name-constraints.ts';
import type { PemCertificates } from './pem.ts';
import { hasValidPolicies } from './policies.ts';

const MAX_LISTED = 10;

/**
 * What is wrong with every chain from a leaf to a certificate that callers trust: Go's `Verify`.
 *
 * @param intermediates - what is sent behind the leaf
 * @param bundle - what callers trust
 */
export function issuerProblems(
  leaf: Certificate,
  intermediates: readonly Certificate[],
  { certificates: roots, problems: unreadable }: PemCertificates,
  now: Date,
): readonly string[] {
  if (roots.length === 0) return unreadable.map((problem) => `the CA bundle ${problem}`);
  const { chains, rejections } = findChains(leaf, { intermediates, roots }, now);
  if (chains.length === 0) return rejections.size > 0 ? firstOf([...rejections]) : [unknownIssuer(leaf, roots)];
  const problems = chains.map(chainProblems);
  // One good chain is enough.
  return problems.some((one) => one.length === 0) ? [] : firstOf([...new Set(problems.flat())]);
}

function chainProblems(chain: readonly Certificate[]): readonly string[] {
  const cas = chain.slice(1);
  const policyProblem = 'the certificate policies of the chain are not valid';
  return [
    cas.flatMap((ca) => usageProblems(caName(ca), ca)),
    nameConstraintProblems(chain).map((problem) => `a CA may not sign for all names: ${problem}`),
    hasValidPolicies(chain) ? [] : [policyProblem],
  ].flat();
}

/** No more than a person reads, and a line of a log holds. */
function firstOf(texts: readonly string[]): readonly string[] {
  const more = texts.length - MAX_LISTED;
  return more > 0 ? [...texts.slice(0, MAX_LISTED), `and ${more} more`] : texts;
}

function unknownIssuer(leaf: Certificate, roots: readonly Certificate[]): string {
  const trusted = firstOf(roots.map(({ x509 }) => oneLine(x509.subject))).join(' | ');
  const issuer = oneLine(leaf.x509.issuer);
  const isAlike = roots.some(({ x509 }) => x509.subject === leaf.x509.issuer);
  const hint = isAlike ? '; the names look alike, but are encoded in two ways' : '';
  return `no CA of the bundle signed the certificate: issuer ${issuer}, CAs ${trusted}${hint}`;
}
