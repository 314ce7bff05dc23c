import {
  contextTag,
  createDerReader,
  type DerReader,
  malformed,
  readPart,
  TAG,
  toCount,
  toObjectIdentifier,
} from './der.ts';
import { type GeneralNames, readAlternativeNames, readSubtrees } from './general-names.ts';
import { NO_POLICIES, type Policies, readMappings, readPolicies } from './policy-extensions.ts';

/** What the extensions of a certificate say, as far as Go's `crypto/x509` looks at it. */
export interface Extensions extends Policies {
  readonly basicConstraints?: BasicConstraints;
  /** Whether it may sign certificates; `undefined` if it does not say what its key is for. */
  readonly maySignCertificates?: boolean | undefined;
  /** The purposes that it is limited to, in dots; empty if it is not limited. */
  readonly extendedKeyUsages: readonly string[];
  /** `undefined` without that extension. */
  readonly alternativeNames?: GeneralNames;
  readonly alternativeNamesDer?: Buffer;
  readonly nameConstraints?: NameConstraints;
  readonly subjectKeyId: Buffer;
  readonly authorityKeyId: Buffer;
  /** Critical extensions that Go does not handle, in dots. */
  readonly unhandledCritical: readonly string[];
}

export interface BasicConstraints {
  readonly isCa: boolean;
  /** How many intermediates may be between it and a leaf. */
  readonly maxPathLength: number | undefined;
}

export interface NameConstraints {
  readonly permitted: GeneralNames;
  readonly excluded: GeneralNames;
}

/** What one extension adds; `isHandled: false` if Go does not handle its content. */
type Findings = Partial<Extensions> & { readonly isHandled?: false };

const NOTHING = Buffer.alloc(0);

export const NO_EXTENSIONS: Extensions = Object.freeze({
  ...NO_POLICIES,
  extendedKeyUsages: [],
  subjectKeyId: NOTHING,
  authorityKeyId: NOTHING,
  unhandledCritical: [],
});

/**
 * Its name in messages, and how Go reads it. RFC 5280 forbids to mark some critical, and Go refuses
 * certificates that do.
 */
type Kind = readonly [string, (reader: DerReader, value: Buffer) => Findings, 'never critical'?];

/** Those that Go reads (`processExtensions`), by identifier. */
const KINDS: Readonly<Record<string, Kind>> = {
  '2.5.29.14': ['subject key identifier', readSubjectKeyId, 'never critical'],
  '2.5.29.15': ['key usage', readKeyUsage],
  '2.5.29.17': ['subject alternative names', readNames],
  '2.5.29.19': ['basic constraints', readBasicConstraints],
  '2.5.29.30': ['name constraints', readNameConstraints],
  '2.5.29.31': ['CRL distribution points', readDistributionPoints],
  '2.5.29.32': ['certificate policies', readPolicies],
  '2.5.29.33': ['policy mappings', readMappings],
  '2.5.29.35': ['authority key identifier', readAuthorityKeyId, 'never critical'],
  '2.5.29.36': ['policy constraints', readPolicyConstraints],
  '2.5.29.37': ['extended key usage', readExtendedKeyUsage],
  '2.5.29.54': ['inhibit any policy', readInhibitAnyPolicy],
  '1.3.6.1.5.5.7.1.1': ['authority information access', readInformationAccess, 'never critical'],
};

/** Go handles no other. */
const UNKNOWN: Kind = ['extension', () => ({ isHandled: false })];

/** The bit of `keyCertSign` in the first octet of a key usage (RFC 5280 §4.2.1.3). */
const KEY_CERT_SIGN = 0x04;

/**
 * Reads the extensions of a certificate, as Go's `processExtensions` does.
 *
 * @throws an Error if Go does not read them
 */
export function readExtensions(reader: DerReader): Extensions {
  const seen = new Set<string>();
  const unhandledCritical: string[] = [];
  const extensions = Array.from(reader.sequences(), (extension) => {
    const read = readPart('extension', () => readExtension(extension));
    if (seen.has(read.identifier)) throw new Error(`the extension ${read.identifier} is there twice`);
    seen.add(read.identifier);
    return read;
  });
  const found = extensions.map(({ identifier, isCritical, value }) => {
    const [name, read, neverCritical] = KINDS[identifier] ?? UNKNOWN;
    const { isHandled = true, ...findings } = readPart(name, () => read(createDerReader(value), value));
    if (isCritical && neverCritical) throw new Error(`the ${name} is critical`);
    if (isCritical && !isHandled) unhandledCritical.push(identifier);
    return findings;
  });
  return Object.assign({}, NO_EXTENSIONS, ...found, { unhandledCritical });
}

function readExtension(reader: DerReader) {
  const identifier = reader.objectIdentifier();
  return { identifier, isCritical: reader.flag(), value: reader.read(TAG.octetString).content };
}

function readKeyUsage(reader: DerReader): Findings {
  const [first, second = 0] = reader.bitString();
  // Without any of the nine bits Go takes it for not stated.
  const isStated = first !== undefined && (first !== 0 || (second & 0x80) !== 0);
  return { maySignCertificates: isStated ? (first & KEY_CERT_SIGN) !== 0 : undefined };
}

function readBasicConstraints(reader: DerReader): Findings {
  const sequence = reader.enter();
  const isCa = sequence.flag();
  const length = sequence.readOptional(TAG.integer);
  return { basicConstraints: { isCa, maxPathLength: length && toCount(length) } };
}

function readNames(reader: DerReader, value: Buffer): Findings {
  const alternativeNames = readAlternativeNames(reader);
  const { dns, emails, uris, addresses } = alternativeNames;
  const isHandled = [dns, emails, uris, addresses].some(({ length }) => length > 0);
  const findings = { alternativeNames, alternativeNamesDer: value };
  return isHandled ? findings : { ...findings, isHandled };
}

function readNameConstraints(outer: DerReader): Findings {
  const reader = outer.enter();
  const permitted = reader.enterOptional(contextTag(0, 'constructed'));
  const excluded = reader.enterOptional(contextTag(1, 'constructed'));
  const isOver = outer.nextTag() === undefined && reader.nextTag() === undefined;
  if (!isOver || (permitted?.nextTag() ?? excluded?.nextTag()) === undefined) throw malformed();
  const nameConstraints = { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) };
  const hasOthers = nameConstraints.permitted.hasOthers || nameConstraints.excluded.hasOthers;
  return hasOthers ? { nameConstraints, isHandled: false } : { nameConstraints };
}

function readExtendedKeyUsage(reader: DerReader): Findings {
  const usages = Array.from(reader.enter().elements());
  if (usages.some(({ tag }) => tag !== TAG.objectIdentifier)) throw malformed();
  return { extendedKeyUsages: usages.map(toObjectIdentifier) };
}

function readSubjectKeyId(reader: DerReader): Findings {
  return { subjectKeyId: reader.read(TAG.octetString).content };
}

function readAuthorityKeyId(reader: DerReader): Findings {
  const key = reader.enter().readOptional(contextTag(0, 'primitive'));
  return { authorityKeyId: key?.content ?? NOTHING };
}

/** A negative count, which Go takes for not stated, is refused. */
function readPolicyConstraints(reader: DerReader): Findings {
  const sequence = reader.enter();
  const required = sequence.readOptional(contextTag(0, 'primitive'));
  const inhibited = sequence.readOptional(contextTag(1, 'primitive'));
  return {
    requireExplicitPolicy: required && toCount(required),
    inhibitPolicyMapping: inhibited && toCount(inhibited),
  };
}

function readInhibitAnyPolicy(reader: DerReader): Findings {
  return { inhibitAnyPolicy: toCount(reader.read(TAG.integer)) };
}

/** Nothing in it is used, but Go refuses what is malformed. */
function readDistributionPoints(reader: DerReader): Findings {
  for (const point of reader.enter().sequences()) {
    const names = point.enterOptional(contextTag(0, 'constructed'))?.enter(contextTag(0, 'constructed'));
    while (names?.nextTag() === contextTag(6, 'primitive')) names.readAny();
  }
  return {};
}

/** The same. */
function readInformationAccess(reader: DerReader): Findings {
  for (const description of reader.enter().sequences()) {
    description.objectIdentifier();
    description.readOptional(contextTag(6, 'primitive'));
  }
  return {};
}
