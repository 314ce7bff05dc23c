import { type Certificate, readCertificate } from './certificate.ts';

/**
 * More than a Secret holds is no set of certificates (kubernetes pkg/apis/core `MaxSecretSize`). It also
 * bounds the time of all that is done with a text.
 */
export const MAX_PEM_BYTES = 1024 * 1024;

/** Public CA bundles hold about 150; each takes a fifth of a millisecond to read. */
const MAX_BLOCKS = 1000;

/** A certificate and its private key as PEM: of a CA, or of a server. */
export interface PemPair {
  /** The certificate; of a server, then its intermediates if it has any. */
  readonly certificatePem: string;
  /** Unencrypted. */
  readonly privateKeyPem: string;
}

/** One `-----BEGIN …-----` of a PEM text. */
export interface PemBlock {
  readonly label: string;
  /** What it encodes; `undefined` if it has no end, has headers, or is not base64. */
  readonly der: Buffer | undefined;
}

/** The certificates of a PEM text. */
export interface PemCertificates {
  /** In their order, those that Go's `crypto/x509` reads. */
  readonly certificates: readonly Certificate[];
  /** Why others are not among them, in words that follow the name of the text. */
  readonly problems: readonly string[];
  readonly hasPrivateKey: boolean;
  /** Whether Go's `encoding/pem` finds fewer, since lines are glued or indented or have another end. */
  readonly needsNormalization: boolean;
}

const BEGIN = /-----BEGIN ([A-Z0-9 ]{1,40})-----/g;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** A whole block as Go's `pem.Decode` wants it: each marker on a line of its own. */
const BLOCK_OF_GO = /^-----BEGIN CERTIFICATE-----[ \t]*\r?\n[^-]*\n-----END CERTIFICATE-----[ \t]*\r?$/gm;

const HINT = 'it must be PEM blocks of -----BEGIN CERTIFICATE-----';

/**
 * Finds the blocks of a PEM text, in linear time. Other text is passed over, and so is everything about
 * lines: `cat` glues files that lack a newline at their end. What is read is written on in one canonical
 * form, so no other reader has to read the text.
 */
export function readPemBlocks(text: string): readonly PemBlock[] {
  const begins = [...text.matchAll(BEGIN)].slice(0, MAX_BLOCKS + 1);
  return begins.map((begin, index) => {
    const label = begin[1] ?? '';
    const rest = text.slice(begin.index + begin[0].length, begins[index + 1]?.index);
    const end = rest.indexOf(`-----END ${label}-----`);
    const body = rest.slice(0, Math.max(end, 0)).replaceAll(/[ \t\r\n]/g, '');
    const isRead = end >= 0 && BASE64.test(body);
    return { label, der: isRead ? Buffer.from(body, 'base64') : undefined };
  });
}

/** Reads the certificates of a PEM text. It never throws. */
export function readPemCertificates(text: string): PemCertificates {
  const isTooLarge = text.length > MAX_PEM_BYTES;
  const blocks = isTooLarge ? [] : readPemBlocks(text);
  const certificates: Certificate[] = [];
  const problems = isTooLarge ? [`is larger than ${MAX_PEM_BYTES / 1024} KiB`] : [];
  if (blocks.length > MAX_BLOCKS) problems.push(`has more than ${MAX_BLOCKS} PEM blocks`);
  for (const block of blocks.slice(0, MAX_BLOCKS)) {
    if (!block.label.endsWith('CERTIFICATE')) continue;
    const read = readBlock(block);
    const place = certificates.length + problems.length + 1;
    if (typeof read !== 'string') certificates.push(read);
    else problems.push(`cannot be read: certificate ${place}${read}`);
  }
  if (certificates.length + problems.length === 0) problems.push(`cannot be read: ${HINT}`);
  return {
    certificates,
    problems,
    hasPrivateKey: blocks.some(({ label }) => label.endsWith('PRIVATE KEY')),
    needsNormalization: (text.match(BLOCK_OF_GO)?.length ?? 0) < certificates.length,
  };
}

/** The certificate, or what is wrong with it, in words that follow its place. */
function readBlock({ label, der }: PemBlock): Certificate | string {
  if (label !== 'CERTIFICATE') return ` is a ${label}: ${HINT}`;
  if (!der) return ` is damaged, or has headers: ${HINT}`;
  try {
    return readCertificate(der);
  } catch (error) {
    return `: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The text to the byte if Go finds its certificates; otherwise the certificates in canonical form. */
export function normalizedPem(text: string): string {
  const { needsNormalization, certificates } = readPemCertificates(text);
  return needsNormalization ? certificates.map(({ pem }) => pem).join('') : text;
}
