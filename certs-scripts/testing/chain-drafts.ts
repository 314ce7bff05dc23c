import {
  alternativeNames,
  basicConstraints,
  type CertificateDraft,
  commonName,
  dnsName,
  extendedKeyUsage,
  keyUsage,
  makeCertificate,
  privateKeyPem,
  toPem,
} from './made-certificate.ts';

/** The moment at which chains are judged. */
export const NOW = new Date('2026-06-01T12:00:00Z');
export const DAY_MS = 24 * 60 * 60 * 1000;

/** The name that is called. */
export const NAME = 'hook.apps.svc';

export const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
export const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

/** What callers trust and what a server sends, leaf first, before they are signed. */
export interface ChainDraft {
  readonly roots: readonly CertificateDraft[];
  readonly sent: readonly CertificateDraft[];
}

/** One question to both verifiers. */
export interface ChainCase {
  readonly kind: string;
  readonly caBundle: string;
  readonly chain: string;
  readonly key: string;
  readonly dnsName: string;
  readonly now: Date;
}

type Changes = Partial<CertificateDraft>;

const DATES = {
  notBefore: new Date(NOW.getTime() - DAY_MS),
  notAfter: new Date(NOW.getTime() + DAY_MS),
};

export const EXPIRED = {
  notBefore: new Date(NOW.getTime() - 2 * DAY_MS),
  notAfter: new Date(NOW.getTime() - DAY_MS),
};

export const caExtensions = [basicConstraints(true), keyUsage(5, 6)];
export const leafExtensions = [
  basicConstraints(false),
  keyUsage(0, 2),
  extendedKeyUsage(SERVER_AUTH),
  alternativeNames(dnsName(NAME)),
];

/** A CA that callers trust. */
export function root(changes: Changes = {}): CertificateDraft {
  const { subject = commonName('root'), key = 'rsa-2048' } = changes;
  const { issuer = subject, signer = key } = changes;
  const extensions = caExtensions;
  return { extensions, ...DATES, ...changes, subject, issuer, key, signer };
}

/** A CA below it. */
export function middle(changes: Changes = {}, above: CertificateDraft = root()): CertificateDraft {
  return {
    subject: commonName('middle'),
    issuer: above.subject,
    key: 'p-256',
    signer: above.key,
    extensions: caExtensions,
    ...DATES,
    ...changes,
  };
}

export function leaf(changes: Changes = {}, above: CertificateDraft = root()): CertificateDraft {
  return {
    subject: commonName('leaf'),
    issuer: above.subject,
    key: 'rsa-2048-other',
    signer: above.key,
    extensions: leafExtensions,
    ...DATES,
    ...changes,
  };
}

/** The usual extensions of a leaf, with other names. */
export function leafNamed(...names: readonly Buffer[]): readonly Buffer[] {
  return [...leafExtensions.slice(0, -1), alternativeNames(...names)];
}

/** A leaf directly below a root. */
export function below(above: CertificateDraft, changes: Changes = {}): ChainDraft {
  return { roots: [above], sent: [leaf(changes, above)] };
}

/** A leaf below an intermediate below a root. */
export function deepBelow(above: CertificateDraft, between: Changes = {}, changes: Changes = {}): ChainDraft {
  const intermediate = middle(between, above);
  return { roots: [above], sent: [leaf(changes, intermediate), intermediate] };
}

/** Signs everything. @returns the input of a verifier */
export function toCase(kind: string, { roots, sent }: ChainDraft): ChainCase {
  return {
    kind,
    caBundle: pemOf(roots),
    chain: pemOf(sent),
    key: privateKeyPem(sent[0]?.key ?? 'rsa-2048-other'),
    dnsName: NAME,
    now: NOW,
  };
}

function pemOf(drafts: readonly CertificateDraft[]): string {
  return drafts.map((draft) => toPem(makeCertificate(draft))).join('');
}
