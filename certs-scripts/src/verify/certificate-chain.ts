import type { Certificate } from './certificate.ts';
import { caProblems, signatureProblems } from './certificate-problems.ts';

/** The certificates that are not the leaf. */
export interface Candidates {
  /** What callers trust. */
  readonly roots: readonly Certificate[];
  /** What the server sends behind its certificate, in any order. */
  readonly intermediates: readonly Certificate[];
}

/** Go gives up after so many signatures (`maxChainSignatureChecks`). */
const MAX_SIGNATURE_CHECKS = 100;

interface Search extends Candidates {
  readonly now: Date;
  /** Every chain, from the leaf to a root. */
  readonly chains: (readonly Certificate[])[];
  /** Why certificates with the name of an issuer are not in one. */
  readonly rejections: Set<string>;
  checksLeft: number;
}

/**
 * Builds every chain from a leaf up to a root, as Go's `buildChains` does: issuers by the octets of their
 * name, those first whose key identifier fits, in the order of their lists.
 */
export function findChains(
  leaf: Certificate,
  candidates: Candidates,
  now: Date,
): Pick<Search, 'chains' | 'rejections'> {
  const found = { chains: [], rejections: new Set<string>() };
  const search: Search = { ...candidates, now, ...found, checksLeft: MAX_SIGNATURE_CHECKS };
  if (candidates.roots.some((root) => root.pem === leaf.pem)) search.chains.push([leaf]);
  else extend(search, [leaf], leaf);
  if (search.checksLeft < 0) search.rejections.add('there are too many CAs of one name to try');
  return search;
}

function extend(search: Search, chain: readonly Certificate[], last: Certificate): void {
  for (const root of issuersOf(last, search.roots)) {
    if (mayFollow(search, chain, root, 'root')) search.chains.push([...chain, root]);
  }
  for (const intermediate of issuersOf(last, search.intermediates)) {
    if (mayFollow(search, chain, intermediate, 'intermediate')) {
      extend(search, [...chain, intermediate], intermediate);
    }
  }
}

function mayFollow(
  search: Search,
  chain: readonly Certificate[],
  candidate: Certificate,
  role: 'root' | 'intermediate',
): boolean {
  search.checksLeft--;
  const child = chain.at(-1);
  if (search.checksLeft < 0 || !child || isInChain(candidate, chain)) return false;
  const problems = [
    ...signatureProblems(child, candidate),
    ...caProblems(candidate, role, chain.length - 1, search.now),
  ];
  for (const problem of problems) search.rejections.add(problem);
  return problems.length === 0;
}

/** Go's `findPotentialParents`: the order decides which are tried before it gives up. */
function issuersOf(child: Certificate, pool: readonly Certificate[]): readonly Certificate[] {
  const issuers = pool.filter(({ rawSubject }) => rawSubject.equals(child.rawIssuer));
  return issuers.toSorted((one, other) => keyIdRank(child, one) - keyIdRank(child, other));
}

function keyIdRank({ authorityKeyId }: Certificate, { subjectKeyId }: Certificate): number {
  if (subjectKeyId.equals(authorityKeyId)) return 0;
  return (subjectKeyId.length === 0) === (authorityKeyId.length === 0) ? 2 : 1;
}

/** Go's `alreadyInChain`, which keeps certificates that sign each other from going round. */
function isInChain(candidate: Certificate, chain: readonly Certificate[]): boolean {
  const names = candidate.alternativeNamesDer;
  for (const certificate of chain) {
    if (!candidate.rawSubject.equals(certificate.rawSubject)) continue;
    if (!candidate.rawPublicKey.equals(certificate.rawPublicKey)) continue;
    const others = certificate.alternativeNamesDer;
    if (!names || !others) return names === others;
    if (names.equals(others)) return true;
  }
  return false;
}
