import {
  contextTag,
  createDerReader,
  type DerReader,
  enterSequence,
  malformed,
  readPart,
  sequencesOf,
  TAG,
  toBitString,
  toBoolean,
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
  /** Critical extensions that Go does not know, in dots. */
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

interface Extension {
  readonly isCritical: boolean;
  readonly value: Buffer;
}

/** What one extension adds; `isHandled: false` if Go does not know what is in it. */
type Findings = Partial<Extensions> & { readonly isHandled?: false };

const NOTHING = Buffer.alloc(0);

export const NO_EXTENSIONS: Extensions = Object.freeze({
  ...NO_POLICIES,
  extendedKeyUsages: [],
  subjectKeyId: NOTHING,
  authorityKeyId: NOTHING,
  unhandledCritical: [],
});

/** Those that Go reads (`processExtensions`), by identifier. */
const READERS: Readonly<Record<string, readonly [string, (value: Buffer) => Findings]>> = {
  '2.5.29.14': ['subject key identifier', readSubjectKeyId],
  '2.5.29.15': ['key usage', readKeyUsage],
  '2.5.29.17': ['subject alternative names', readNames],
  '2.5.29.19': ['basic constraints', readBasicConstraints],
  '2.5.29.30': ['name constraints', readNameConstraints],
  '2.5.29.31': ['CRL distribution points', readDistributionPoints],
  '2.5.29.32': ['certificate policies', readPolicies],
  '2.5.29.33': ['policy mappings', readMappings],
  '2.5.29.35': ['authority key identifier', readAuthorityKeyId],
  '2.5.29.36': ['policy constraints', readPolicyConstraints],
  '2.5.29.37': ['extended key usage', readExtendedKeyUsage],
  '2.5.29.54': ['inhibit any policy', readInhibitAnyPolicy],
  '1.3.6.1.5.5.7.1.1': ['authority information access', readInformationAccess],
};

/** RFC 5280 forbids to mark them critical, and Go refuses certificates that do. */
const NEVER_CRITICAL = new Set(['2.5.29.14', '2.5.29.35', '1.3.6.1.5.5.7.1.1']);

/** The bit of `keyCertSign` in the first octet of a key usage (RFC 5280 §4.2.1.3). */
const KEY_CERT_SIGN = 0x04;

/**
 * Reads the extensions of a certificate, as Go's `processExtensions` does.
 *
 * @throws an Error if Go does not read them
 */
export function readExtensions(reader: DerReader): Extensions {
  const seen = new Map<string, Extension>();
  for (const extension of sequencesOf(reader)) {
    const [identifier, content] = readPart('extension', () => readExtension(extension));
    if (seen.has(identifier)) throw new Error(`the extension ${identifier} is there twice`);
    seen.set(identifier, content);
  }
  const unhandledCritical: string[] = [];
  const found = [...seen].map(([identifier, { isCritical, value }]) => {
    const [name, read] = READERS[identifier] ?? ['extension', readUnknown];
    const { isHandled = true, ...findings } = readPart(name, () => read(value));
    if (isCritical && NEVER_CRITICAL.has(identifier)) throw new Error(`the ${name} is critical`);
    if (isCritical && !isHandled) unhandledCritical.push(identifier);
    return findings;
  });
  return Object.assign({}, NO_EXTENSIONS, ...found, { unhandledCritical });
}

function readExtension(reader: DerReader): [string, Extension] {
  const identifier = toObjectIdentifier(reader.read(TAG.objectIdentifier));
  const critical = reader.readOptional(TAG.boolean);
  const isCritical = critical !== undefined && toBoolean(critical);
  return [identifier, { isCritical, value: reader.read(TAG.octetString).content }];
}

function readUnknown(): Findings {
  return { isHandled: false };
}

function readKeyUsage(value: Buffer): Findings {
  const [first, second = 0] = toBitString(createDerReader(value).read(TAG.bitString));
  // Without any of the nine bits Go takes it for not stated.
  const isStated = first !== undefined && (first !== 0 || (second & 0x80) !== 0);
  return { maySignCertificates: isStated ? (first & KEY_CERT_SIGN) !== 0 : undefined };
}

function readBasicConstraints(value: Buffer): Findings {
  const reader = enterSequence(createDerReader(value));
  const flag = reader.readOptional(TAG.boolean);
  const length = reader.readOptional(TAG.integer);
  return {
    basicConstraints: {
      isCa: flag !== undefined && toBoolean(flag),
      maxPathLength: length && toCount(length),
    },
  };
}

function readNames(value: Buffer): Findings {
  const names = readAlternativeNames(value);
  const { dns, emails, uris, addresses } = names;
  const isHandled = [dns, emails, uris, addresses].some(({ length }) => length > 0);
  const findings = { alternativeNames: names, alternativeNamesDer: value };
  return isHandled ? findings : { ...findings, isHandled };
}

function readNameConstraints(value: Buffer): Findings {
  const outer = createDerReader(value);
  const reader = enterSequence(outer);
  const permitted = reader.readOptional(contextTag(0, 'constructed'))?.content ?? NOTHING;
  const excluded = reader.readOptional(contextTag(1, 'constructed'))?.content ?? NOTHING;
  const isOver = outer.nextTag() === undefined && reader.nextTag() === undefined;
  if (!isOver || permitted.length + excluded.length === 0) throw malformed();
  const nameConstraints = { permitted: readSubtrees(permitted), excluded: readSubtrees(excluded) };
  const hasOthers = nameConstraints.permitted.hasOthers || nameConstraints.excluded.hasOthers;
  return hasOthers ? { nameConstraints, isHandled: false } : { nameConstraints };
}

function readExtendedKeyUsage(value: Buffer): Findings {
  const usages = enterSequence(createDerReader(value));
  const extendedKeyUsages: string[] = [];
  while (usages.nextTag() !== undefined) {
    extendedKeyUsages.push(toObjectIdentifier(usages.read(TAG.objectIdentifier)));
  }
  return { extendedKeyUsages };
}

function readSubjectKeyId(value: Buffer): Findings {
  return { subjectKeyId: createDerReader(value).read(TAG.octetString).content };
}

function readAuthorityKeyId(value: Buffer): Findings {
  const identifier = enterSequence(createDerReader(value));
  const key = identifier.readOptional(contextTag(0, 'primitive'));
  return { authorityKeyId: key?.content ?? NOTHING };
}

/** A negative count, which Go takes for not stated, is refused. */
function readPolicyConstraints(value: Buffer): Findings {
  const reader = enterSequence(createDerReader(value));
  const required = reader.readOptional(contextTag(0, 'primitive'));
  const inhibited = reader.readOptional(contextTag(1, 'primitive'));
  return {
    requireExplicitPolicy: required && toCount(required),
    inhibitPolicyMapping: inhibited && toCount(inhibited),
  };
}

function readInhibitAnyPolicy(value: Buffer): Findings {
  return { inhibitAnyPolicy: toCount(createDerReader(value).read(TAG.integer)) };
}

/** Nothing in it is used, but Go refuses what is malformed. */
function readDistributionPoints(value: Buffer): Findings {
  for (const point of sequencesOf(enterSequence(createDerReader(value)))) {
    const name = point.readOptional(contextTag(0, 'constructed'));
    if (!name) continue;
    const full = createDerReader(name.content).read(contextTag(0, 'constructed'));
    const names = createDerReader(full.content);
    while (names.nextTag() === contextTag(6, 'primitive')) names.readAny();
  }
  return {};
}

/** The same. */
function readInformationAccess(value: Buffer): Findings {
  for (const description of sequencesOf(enterSequence(createDerReader(value)))) {
    toObjectIdentifier(description.read(TAG.objectIdentifier));
    description.readOptional(contextTag(6, 'primitive'));
  }
  return {};
}
