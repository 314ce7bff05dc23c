import { isIP } from 'node:net';
import type { Certificate } from './certificate.ts';
import type { NameConstraints } from './extensions.ts';
import { type GeneralNames, isDomain, mailboxOf, uriHost } from './general-names.ts';

/** What is wrong with one name under one kind of constraints. */
interface Rule {
  readonly what: string;
  readonly kind: 'dns' | 'uris' | 'emails';
  readonly matches: (name: string, constraint: string, use: keyof NameConstraints) => boolean;
}

const RULES: readonly Rule[] = [
  { what: 'DNS name', kind: 'dns', matches: isInDomain },
  { what: 'URI', kind: 'uris', matches: (uri, ...rest) => isInDomain(hostOf(uri), ...rest) },
  { what: 'e-mail address', kind: 'emails', matches: isInMailboxes },
];

/** An IPv4 address in the form of an IPv6 one begins so. */
const MAPPED_IPV4 = Buffer.from('00000000000000000000ffff', 'hex');

/** As Go up to 1.25 (`maxConstraintComparisons`); it also bounds the time. */
const MAX_COMPARISONS = 250_000;

/**
 * Why the CA certificates of a chain, from a leaf to a root, may not sign for the names of those below
 * them, in Go's words; empty if they may. Go's `checkChainConstraints`: every name counts, not only the
 * one that is called, and that of intermediates too.
 */
export function nameConstraintProblems(chain: readonly Certificate[]): string[] {
  return chain.flatMap(({ alternativeNames }, index) => {
    const constraints = chain.slice(index + 1).flatMap((ca) => ca.nameConstraints ?? []);
    if (!alternativeNames || constraints.length === 0) return [];
    const comparisons = countOf([alternativeNames]) * countOf(constraints.flatMap(Object.values));
    if (comparisons > MAX_COMPARISONS) return ['there are too many names and constraints'];
    const unreadable = unreadableNames(alternativeNames);
    if (unreadable.length > 0) return unreadable;
    return constraints.flatMap((one) => problemsUnder(alternativeNames, one));
  });
}

/** Names that cannot be compared with any constraint. Go refuses them once there is one of whatever kind. */
function unreadableNames({ dns, uris, emails }: GeneralNames): string[] {
  return [
    ...dns.filter((name) => !isDomain(name, 'name')).map((name) => `DNS name ${quote(name)}`),
    ...uris.filter((uri) => hostOf(uri) === '' || isIP(hostOf(uri)) !== 0).map((uri) => `URI ${quote(uri)}`),
    ...emails.filter((one) => !mailboxOf(one)).map((one) => `e-mail address ${quote(one)}`),
  ].map((name) => `the ${name} cannot be compared with constraints`);
}

function problemsUnder(names: GeneralNames, { permitted, excluded }: NameConstraints): string[] {
  const problems = RULES.flatMap(({ what, kind, matches }) =>
    names[kind].flatMap((name) => {
      const isPermitted =
        permitted[kind].length === 0 || permitted[kind].some((constraint) => matches(name, constraint, 'permitted'));
      if (!isPermitted) return [`the ${what} ${quote(name)} is not permitted by any constraint`];
      const exclusion = excluded[kind].find((constraint) => matches(name, constraint, 'excluded'));
      if (exclusion === undefined) return [];
      return [`the ${what} ${quote(name)} is excluded by the constraint ${quote(exclusion)}`];
    }),
  );
  return [...problems, ...addressProblems(names, { permitted, excluded })];
}

/** Go's `dnsHasSuffix`: `example.com` covers itself and what is below, `.example.com` only that. */
function isInDomain(name: string, constraint: string, use: keyof NameConstraints): boolean {
  const [lowerName, domain] = [name.toLowerCase(), constraint.toLowerCase()];
  if (domain === '' || lowerName === domain) return true;
  if (lowerName !== '' && lowerName.endsWith(domain.startsWith('.') ? domain : `.${domain}`)) {
    return true;
  }
  // A wildcard is excluded if it covers a name that is.
  const parent = domain.indexOf('.');
  const covered = lowerName.startsWith('*') ? lowerName.slice(lowerName.indexOf('.')) : undefined;
  return use === 'excluded' && parent >= 0 && domain.slice(parent) === covered;
}

/** A constraint with an `@` is one mailbox, others are domains. */
function isInMailboxes(email: string, constraint: string, use: keyof NameConstraints): boolean {
  const mailbox = mailboxOf(email);
  const wanted = mailboxOf(constraint);
  if (!constraint.includes('@')) return isInDomain(mailbox?.domain ?? '', constraint, use);
  return mailbox?.local === wanted?.local && mailbox?.domain === wanted?.domain;
}

function addressProblems(names: GeneralNames, { permitted, excluded }: NameConstraints): string[] {
  return names.addresses.flatMap((address) => {
    const what = `the IP address ${quote(address.join('.'))}`;
    const isPermitted =
      permitted.addresses.length === 0 ||
      permitted.addresses.some((range) => isCanonical(range) && isInRange(address, range));
    const isMapped = address.subarray(0, MAPPED_IPV4.length).equals(MAPPED_IPV4);
    if (!isPermitted || (isMapped && permitted.addresses.length > 0)) {
      return [`${what} is not permitted by any constraint`];
    }
    const isExcluded = excluded.addresses.some((range) => !isCanonical(range) || isInRange(address, range));
    return isExcluded ? [`${what} is excluded by a constraint`] : [];
  });
}

function isInRange(address: Buffer, range: Buffer): boolean {
  const [base, mask] = halves(range);
  if (address.length !== base.length) return false;
  return address.every((octet, i) => ((octet ^ (base[i] ?? 0)) & (mask[i] ?? 0)) === 0);
}

/** Whether all is zero behind the mask. Go 1.25 reads other ranges in one way, Go 1.26 in another. */
function isCanonical(range: Buffer): boolean {
  const [base, mask] = halves(range);
  return base.every((octet, i) => (octet & ~(mask[i] ?? 0)) === 0);
}

function halves(range: Buffer): [Buffer, Buffer] {
  return [range.subarray(0, range.length / 2), range.subarray(range.length / 2)];
}

function hostOf(uri: string): string {
  return uriHost(uri).replace(/:\d*$/, '');
}

function countOf(names: readonly GeneralNames[]): number {
  return names.reduce(
    (sum, { dns, uris, emails, addresses }) => sum + dns.length + uris.length + emails.length + addresses.length,
    0,
  );
}

/** A DNS name is no longer than that (RFC 1035 §2.3.4); other names need not be quoted in full. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 253));
}
