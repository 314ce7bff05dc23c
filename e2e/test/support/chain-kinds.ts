import {
  authorityExtensions,
  below,
  type ChainDraft,
  CLIENT_AUTH,
  deepBelow,
  EXPIRED,
  leaf,
  leafExtensions,
  leafNamed,
  middle,
  NAME,
  root,
  SERVER_AUTH,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import {
  bitString,
  element,
  explicit,
  integer,
  NULL,
  objectIdentifier,
  printable,
  sequence,
  set,
  utf8,
} from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  address,
  alternativeNames,
  attribute,
  authorityKeyId,
  basicConstraints,
  type CertificateDraft,
  commonName,
  directoryName,
  dnsName,
  email,
  extendedKeyUsage,
  extension,
  inhibitAnyPolicy,
  keyIdOf,
  type KeyName,
  keyUsage,
  nameConstraints,
  policies,
  policyConstraints,
  policyMappings,
  publicKeyDer,
  type SignatureName,
  subjectKeyId,
  uri,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';

const UNKNOWN_OID = '1.3.6.1.4.1.55555.1';
const ANY_POLICY = '2.5.29.32.0';
const POLICY = '1.3.6.1.4.1.55555.2';
const OTHER_POLICY = '1.3.6.1.4.1.55555.3';

/** A CA with more than the usual extensions. */
function authority(...more: readonly Buffer[]): CertificateDraft {
  return root({ extensions: [...authorityExtensions, ...more] });
}

function constrained(...constraints: Parameters<typeof nameConstraints>): CertificateDraft {
  return authority(nameConstraints(...constraints));
}

function moreOf(changes: { leaf?: Buffer; middle?: Buffer; root?: Buffer }): ChainDraft {
  const withMore = (usual: readonly Buffer[], more?: Buffer) => (more ? [...usual, more] : usual);
  return deepBelow(
    root({ extensions: withMore(authorityExtensions, changes.root) }),
    { extensions: withMore(authorityExtensions, changes.middle) },
    { extensions: withMore(leafExtensions, changes.leaf) },
  );
}

const rawCritical = extension(UNKNOWN_OID, NULL, { critical: true });
const raw = extension(UNKNOWN_OID, NULL);

/** Chains that go wrong where it is easy to miss, and neighbours that do not, by what is odd in them. */
export const CHAIN_KINDS: Readonly<Record<string, ChainDraft>> = {
  'a leaf below a root': below(root()),
  'a leaf below an intermediate': deepBelow(root()),
  'a leaf that is its own CA': ((): ChainDraft => {
    const own = leaf({ issuer: commonName('leaf'), signer: 'rsa-2048-other' });
    return { roots: [own], sent: [own] };
  })(),
  'a leaf that is trusted, of nobody’s signature': ((): ChainDraft => {
    const own = leaf({ signature: 'sha1-rsa' });
    return { roots: [own], sent: [own] };
  })(),
  'a leaf that is a CA': below(root(), {
    extensions: [...authorityExtensions, ...leafExtensions.slice(2)],
  }),

  // Path length.
  'pathlen 0 and no intermediate': below(
    root({ extensions: [basicConstraints(true, 0), keyUsage(5)] }),
  ),
  'pathlen 0 and an intermediate': deepBelow(
    root({ extensions: [basicConstraints(true, 0), keyUsage(5)] }),
  ),
  'pathlen 1 and an intermediate': deepBelow(
    root({ extensions: [basicConstraints(true, 1), keyUsage(5)] }),
  ),
  'pathlen 0 of the intermediate': deepBelow(root(), {
    extensions: [basicConstraints(true, 0), keyUsage(5)],
  }),
  'pathlen 1 and two intermediates': threeDeep(basicConstraints(true, 1)),
  'pathlen 2 and two intermediates': threeDeep(basicConstraints(true, 2)),
  'pathlen 2 ** 62': deepBelow(
    root({
      extensions: [
        extension('2.5.29.19', sequence(Buffer.from('0101ff', 'hex'), integer(2n ** 62n))),
      ],
    }),
  ),
  'a negative pathlen': below(
    root({
      extensions: [extension('2.5.29.19', sequence(Buffer.from('0101ff', 'hex'), integer(-1)))],
    }),
  ),
  'pathlen without CA': below(root({ extensions: [basicConstraints(false, 1), keyUsage(5)] })),

  // Who may sign.
  'a root without basic constraints': below(root({ extensions: [keyUsage(5)] })),
  'a root of version 1': below(root({ extensions: [], version: 1 })),
  'a root of version 2': below(root({ extensions: [], version: 2 })),
  'a root of version 4': below(root({ version: 4 })),
  'an intermediate of version 1': deepBelow(root(), { extensions: [], version: 1 }),
  'an intermediate without basic constraints': deepBelow(root(), { extensions: [keyUsage(5)] }),
  'an intermediate with CA:FALSE': deepBelow(root(), {
    extensions: [basicConstraints(false), keyUsage(5)],
  }),
  'a root with CA:FALSE': below(root({ extensions: [basicConstraints(false), keyUsage(5)] })),
  'a root without keyCertSign': below(
    root({ extensions: [basicConstraints(true), keyUsage(0, 6)] }),
  ),
  'a root without key usage': below(root({ extensions: [basicConstraints(true)] })),
  'a root with a key usage of no bit': below(
    root({ extensions: [basicConstraints(true), keyUsage()] }),
  ),
  'a root with decipherOnly alone': below(
    root({
      extensions: [
        basicConstraints(true),
        extension('2.5.29.15', bitString(Buffer.from([0, 0x80]), 7)),
      ],
    }),
  ),
  'an intermediate without keyCertSign': deepBelow(root(), {
    extensions: [basicConstraints(true), keyUsage(0)],
  }),
  'a leaf of version 1, named in the common name': below(root(), {
    extensions: [],
    version: 1,
    subject: commonName(NAME),
  }),

  // Critical extensions.
  'an unknown critical extension in the leaf': moreOf({ leaf: rawCritical }),
  'an unknown critical extension in the intermediate': moreOf({ middle: rawCritical }),
  'an unknown critical extension in the root': moreOf({ root: rawCritical }),
  'an unknown extension in each': moreOf({ leaf: raw, middle: raw, root: raw }),
  'an extension twice': moreOf({ leaf: Buffer.concat([raw, raw]) }),
  'an extension twice in an intermediate': moreOf({ middle: Buffer.concat([raw, raw]) }),
  'a critical subject key identifier': moreOf({
    leaf: extension('2.5.29.14', element(0x04, keyIdOf('rsa-2048')), { critical: true }),
  }),
  'a critical authority key identifier': moreOf({
    leaf: extension('2.5.29.35', sequence(), { critical: true }),
  }),
  'a critical information access': moreOf({
    leaf: extension('1.3.6.1.5.5.7.1.1', sequence(), { critical: true }),
  }),
  'a malformed information access': moreOf({ leaf: extension('1.3.6.1.5.5.7.1.1', NULL) }),
  'malformed CRL distribution points': moreOf({ root: extension('2.5.29.31', NULL) }),
  'critical CRL distribution points': moreOf({
    root: extension(
      '2.5.29.31',
      sequence(sequence(explicit(0, explicit(0, element(0x86, Buffer.from('http://x/y')))))),
      { critical: true },
    ),
  }),
  'a critical issuer alternative name': moreOf({
    leaf: extension('2.5.29.18', sequence(dnsName('x')), { critical: true }),
  }),
  'a critical OCSP must-staple': moreOf({
    leaf: extension('1.3.6.1.5.5.7.1.24', sequence(integer(5)), { critical: true }),
  }),

  // Extended key usages, which nest.
  'a leaf without extended key usage': below(root(), { extensions: [leafExtensions[3] ?? NULL] }),
  'a leaf for clients': below(root(), {
    extensions: [extendedKeyUsage(CLIENT_AUTH), ...leafExtensions.slice(3)],
  }),
  'a leaf for any use': below(root(), {
    extensions: [extendedKeyUsage('2.5.29.37.0'), ...leafExtensions.slice(3)],
  }),
  'a leaf for an unknown use': below(root(), {
    extensions: [extendedKeyUsage(UNKNOWN_OID), ...leafExtensions.slice(3)],
  }),
  'a leaf for no use': below(root(), {
    extensions: [extendedKeyUsage(), ...leafExtensions.slice(3)],
  }),
  'a leaf with a malformed use': below(root(), {
    extensions: [extension('2.5.29.37', sequence(integer(1))), ...leafExtensions.slice(3)],
  }),
  'an intermediate for clients': moreOf({ middle: extendedKeyUsage(CLIENT_AUTH) }),
  'an intermediate for servers': moreOf({ middle: extendedKeyUsage(SERVER_AUTH) }),
  'an intermediate for an unknown use': moreOf({ middle: extendedKeyUsage(UNKNOWN_OID) }),
  'a root for clients': moreOf({ root: extendedKeyUsage(CLIENT_AUTH) }),
  'a root for servers and clients': moreOf({ root: extendedKeyUsage(CLIENT_AUTH, SERVER_AUTH) }),
  'a root for Netscape’s step-up': moreOf({ root: extendedKeyUsage('2.16.840.1.113730.4.1') }),

  // Name constraints.
  'permitted: the name': below(constrained({ permitted: [dnsName(NAME)] })),
  'permitted: its domain': below(constrained({ permitted: [dnsName('apps.svc')] })),
  'permitted: its domain, in capitals': below(constrained({ permitted: [dnsName('APPS.SVC')] })),
  'permitted: its domain, with a dot before': below(
    constrained({ permitted: [dnsName('.apps.svc')] }),
  ),
  'permitted: the name, with a dot before': below(
    constrained({ permitted: [dnsName(`.${NAME}`)] }),
  ),
  'permitted: everything': below(constrained({ permitted: [dnsName('')] })),
  'permitted: part of a label': below(constrained({ permitted: [dnsName('pps.svc')] })),
  'permitted: another domain': below(constrained({ permitted: [dnsName('example.com')] })),
  'permitted: another domain, not critical': below(
    constrained({ permitted: [dnsName('example.com')] }, {}),
  ),
  'permitted: two domains': below(
    constrained({ permitted: [dnsName('example.com'), dnsName('svc')] }),
  ),
  'permitted: IP addresses alone': below(
    constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] }),
  ),
  'permitted: a directory name': below(
    constrained({ permitted: [directoryName(commonName('x'))] }),
  ),
  'permitted: a directory name, not critical': below(
    constrained({ permitted: [directoryName(commonName('x'))] }, {}),
  ),
  'excluded: the name': below(constrained({ excluded: [dnsName(NAME)] })),
  'excluded: its domain': below(constrained({ excluded: [dnsName('svc')] })),
  'excluded: everything': below(constrained({ excluded: [dnsName('')] })),
  'excluded: a name below it': below(constrained({ excluded: [dnsName(`x.${NAME}`)] })),
  'excluded: another domain': below(constrained({ excluded: [dnsName('example.com')] })),
  'excluded: a name beside the one that is called': below(
    constrained({ excluded: [dnsName('example.com')] }),
    {
      extensions: leafNamed(dnsName(NAME), dnsName('a.example.com')),
    },
  ),
  'excluded: a name that a wildcard covers': below(
    constrained({ excluded: [dnsName('other.apps.svc')] }),
    {
      extensions: leafNamed(dnsName('*.apps.svc')),
    },
  ),
  'excluded: a name deeper than a wildcard': below(
    constrained({ excluded: [dnsName('a.other.apps.svc')] }),
    {
      extensions: leafNamed(dnsName('*.apps.svc')),
    },
  ),
  'permitted: a name that a wildcard covers': below(
    constrained({ permitted: [dnsName('hook.apps.svc')] }),
    {
      extensions: leafNamed(dnsName('*.apps.svc')),
    },
  ),
  'permitted and excluded': below(
    constrained({ permitted: [dnsName('svc')], excluded: [dnsName('apps.svc')] }),
  ),
  'constraints of the intermediate': moreOf({
    middle: nameConstraints({ permitted: [dnsName('example.com')] }),
  }),
  'constraints of the leaf itself': moreOf({
    leaf: nameConstraints({ permitted: [dnsName('example.com')] }),
  }),
  'constraints on a name of the intermediate': deepBelow(
    constrained({ permitted: [dnsName('svc')] }),
    {
      extensions: [...authorityExtensions, alternativeNames(dnsName('example.com'))],
    },
  ),
  'constraints of both': deepBelow(constrained({ permitted: [dnsName('svc')] }), {
    extensions: [...authorityExtensions, nameConstraints({ permitted: [dnsName('apps.svc')] })],
  }),
  'a name that cannot be compared': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), dnsName('a..b')),
  }),
  'a name that cannot be compared, without constraints': below(root(), {
    extensions: leafNamed(dnsName(NAME), dnsName('a..b')),
  }),
  'a name that ends in a dot': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), dnsName('x.svc.')),
  }),
  'permitted: an IP address': below(
    constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] }),
    {
      extensions: leafNamed(dnsName(NAME), address(10, 1, 2, 3)),
    },
  ),
  'permitted: other IP addresses': below(
    constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] }),
    {
      extensions: leafNamed(dnsName(NAME), address(11, 1, 2, 3)),
    },
  ),
  'permitted: IPv6 addresses alone': below(
    constrained({ permitted: [address(...Array(16).fill(0), ...Array(16).fill(0))] }),
    { extensions: leafNamed(dnsName(NAME), address(11, 1, 2, 3)) },
  ),
  'excluded: an IP address': below(
    constrained({ excluded: [address(10, 0, 0, 0, 255, 0, 0, 0)] }),
    {
      extensions: leafNamed(dnsName(NAME), address(10, 1, 2, 3)),
    },
  ),
  'an IP constraint with holes': below(
    constrained({ excluded: [address(10, 0, 0, 0, 255, 0, 255, 0)] }),
  ),
  'an IP constraint of another length': below(
    constrained({ excluded: [address(10, 0, 0, 0, 255)] }),
  ),
  'permitted: a URI': below(constrained({ permitted: [uri('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('spiffe://example.com/ns/apps')),
  }),
  'permitted: another URI': below(constrained({ permitted: [uri('.example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('spiffe://example.com/ns/apps')),
  }),
  'excluded: a URI with a port': below(constrained({ excluded: [uri('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('https://example.com:8443/x')),
  }),
  'a URI without a host under constraints': below(
    constrained({ excluded: [dnsName('example.com')] }),
    {
      extensions: leafNamed(dnsName(NAME), uri('urn:uuid:1')),
    },
  ),
  'a URI without a host': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('urn:uuid:1')),
  }),
  'a URI of an address under constraints': below(
    constrained({ excluded: [dnsName('example.com')] }),
    {
      extensions: leafNamed(dnsName(NAME), uri('https://10.0.0.1/')),
    },
  ),
  'a URI constraint that is an address': below(constrained({ permitted: [uri('10.0.0.1')] })),
  'a URI that cannot be read': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('http://%zz/')),
  }),
  'permitted: a mailbox': below(constrained({ permitted: [email('a@example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('a@EXAMPLE.com')),
  }),
  'permitted: another mailbox': below(constrained({ permitted: [email('a@example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('A@example.com')),
  }),
  'excluded: a mailbox’s domain': below(constrained({ excluded: [email('.example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('a@x.example.com')),
  }),
  'a mailbox that cannot be read, under constraints': below(
    constrained({ excluded: [dnsName('example.com')] }),
    {
      extensions: leafNamed(dnsName(NAME), email('nobody')),
    },
  ),
  'a mailbox that cannot be read': below(root(), {
    extensions: leafNamed(dnsName(NAME), email('nobody')),
  }),
  'empty name constraints': moreOf({
    root: extension('2.5.29.30', sequence(), { critical: true }),
  }),
  'name constraints that end too late': moreOf({
    root: extension(
      '2.5.29.30',
      Buffer.concat([sequence(explicit(0, sequence(dnsName('svc')))), NULL]),
      { critical: true },
    ),
  }),
  'a DNS constraint of more than ASCII': below(constrained({ permitted: [dnsName('späti')] })),
  'a DNS constraint with an empty label': below(constrained({ excluded: [dnsName('a..b')] })),
  'a DNS constraint that ends in a dot': below(
    constrained({ excluded: [dnsName('example.com.')] }),
  ),

  // The name that is called.
  'another name': below(root(), { extensions: leafNamed(dnsName('other.apps.svc')) }),
  'the name in capitals': below(root(), { extensions: leafNamed(dnsName('HOOK.Apps.svc')) }),
  'the name with a dot behind': below(root(), { extensions: leafNamed(dnsName(`${NAME}.`)) }),
  'a wildcard': below(root(), { extensions: leafNamed(dnsName('*.apps.svc')) }),
  'a wildcard of two labels': below(root(), { extensions: leafNamed(dnsName('*.svc')) }),
  'a wildcard within a label': below(root(), { extensions: leafNamed(dnsName('ho*.apps.svc')) }),
  'a wildcard in the middle': below(root(), { extensions: leafNamed(dnsName('hook.*.svc')) }),
  'a wildcard alone': below(root(), { extensions: leafNamed(dnsName('*')) }),
  'the common name alone': below(root(), {
    subject: commonName(NAME),
    extensions: leafExtensions.slice(0, 3),
  }),
  'the common name beside other names': below(root(), {
    subject: commonName(NAME),
    extensions: leafNamed(dnsName('other')),
  }),
  'an IP address alone': below(root(), { extensions: leafNamed(address(10, 0, 0, 1)) }),
  'an IP address of three octets': below(root(), {
    extensions: leafNamed(dnsName(NAME), address(10, 0, 0)),
  }),
  'a name of more than ASCII': below(root(), {
    extensions: leafNamed(dnsName(NAME), dnsName('späti')),
  }),
  'names of no kind that counts, critical': below(root(), {
    extensions: [
      extension('2.5.29.17', sequence(directoryName(commonName('x'))), { critical: true }),
    ],
  }),
  'an empty name': below(root(), { extensions: leafNamed(dnsName(''), dnsName(NAME)) }),

  // Keys and signatures.
  ...perLeafKey([
    'rsa-2048-other',
    'p-256-other',
    'p-384',
    'p-521',
    'ed25519',
    'p-224',
    'rsa-exponent-3',
    'rsa-exponent-32-bits',
    'rsa-pss',
    'secp256k1',
    'ed448',
    'x25519',
    'dsa',
    'p-256-explicit',
    'rsa-768',
  ]),
  ...perRoot({
    'rsa-2048': [
      'sha256-rsa',
      'sha384-rsa',
      'sha512-rsa',
      'sha256-rsa-without-null',
      'sha224-rsa',
      'sha1-rsa',
      'md5-rsa',
      'pss-sha256',
      'pss-sha384',
      'pss-salt-20',
      'pss-sha1',
      'pss-other-mask',
    ],
    'rsa-1024': ['sha256-rsa'],
    'rsa-768': ['sha256-rsa'],
    'rsa-exponent-3': ['sha256-rsa'],
    'rsa-exponent-32-bits': ['sha256-rsa'],
    'rsa-pss': ['pss-sha256'],
    'p-256': ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ecdsa-sha1', 'ecdsa-sha224'],
    'p-224': ['ecdsa-sha256'],
    'p-384': ['ecdsa-sha384', 'ecdsa-sha256'],
    'p-521': ['ecdsa-sha512'],
    'p-256-explicit': ['ecdsa-sha256'],
    secp256k1: ['ecdsa-sha256'],
    ed25519: ['ed25519', 'ed25519-with-null'],
    ed448: ['ed448'],
    dsa: ['dsa-sha256'],
  }),
  'a root that signed itself with SHA-1': below(root({ signature: 'sha1-rsa' })),
  'a root that signed itself with MD5': below(root({ signature: 'md5-rsa' })),
  'a root whose own signature is another’s': below(root({ signer: 'rsa-2048-other' })),
  'an intermediate signed with SHA-1': deepBelow(root(), { signature: 'sha1-rsa' }),
  'an intermediate of 1024 bits below, unused': ((): ChainDraft => {
    const chain = below(root());
    return { ...chain, sent: [...chain.sent, middle({ key: 'ed448' })] };
  })(),
  'a compressed point': below(root(), {
    publicKeyDer: compressed('p-256-other'),
    key: 'p-256-other',
  }),
  'an RSA key without NULL': below(root({ publicKeyDer: rsaWithoutNull('rsa-2048') })),

  // Numbers, dates, names.
  'a negative serial number': below(root(), { serialNumber: -4 }),
  'a negative serial number of the root': below(root({ serialNumber: -4 })),
  'a negative serial number of the intermediate': deepBelow(root(), { serialNumber: -4 }),
  'the serial number 0': below(root(), { serialNumber: 0 }),
  'a serial number of 20 octets': below(root(), { serialNumber: 2n ** 158n }),
  'an expired leaf': below(root(), EXPIRED),
  'an expired root': below(root(EXPIRED)),
  'an expired intermediate': deepBelow(root(), EXPIRED),
  'a leaf to come': below(root(), {
    notBefore: new Date('2027-01-01'),
    notAfter: new Date('2028-01-01'),
  }),
  'a leaf beyond 2050': below(root(), { notAfter: new Date('2051-01-01') }),
  'a leaf from 1950': below(root(), { notBefore: new Date('1950-01-01') }),
  'a CA with two attributes in one set': below(
    root({
      subject: sequence(
        set(attribute('2.5.4.10', utf8('acme')), attribute('2.5.4.3', utf8('root'))),
      ),
    }),
  ),
  'a CA whose name is written in another way': below(
    root({ subject: commonName('root', printable) }),
    { issuer: commonName('root') },
  ),
  'a CA whose name differs in its capitals': below(root({ subject: commonName('Root') }), {
    issuer: commonName('root'),
  }),
  'a CA of no name': below(root({ subject: sequence() })),
  'a CA with an invalid PrintableString': below(root({ subject: commonName('späti', printable) })),
  'a CA with an asterisk and an ampersand': below(root({ subject: commonName('*&', printable) })),
  'a CA with an underscore in a PrintableString': below(
    root({ subject: commonName('a_b', printable) }),
  ),
  'a CA with a T61String': below(
    root({ subject: commonName('x', (text) => element(0x14, Buffer.from(text))) }),
  ),
  'a CA with a BMPString': below(
    root({
      subject: commonName('x', (text) => element(0x1e, Buffer.from(text, 'utf16le').swap16())),
    }),
  ),
  'a CA with half a BMPString': below(
    root({ subject: commonName('x', () => element(0x1e, Buffer.from([0, 65, 0]))) }),
  ),
  'a CA with a surrogate in a BMPString': below(
    root({ subject: commonName('x', () => element(0x1e, Buffer.from([0xd8, 0]))) }),
  ),
  'a CA with a UniversalString': below(
    root({ subject: commonName('x', () => element(0x1c, Buffer.from([0, 0, 0, 65]))) }),
  ),
  'a CA with invalid UTF-8': below(
    root({ subject: commonName('x', () => element(0x0c, Buffer.from([0xff]))) }),
  ),
  'a CA with an IA5String of more than ASCII': below(
    root({ subject: commonName('x', () => element(0x16, Buffer.from([0xe4]))) }),
  ),
  'a CA with letters in a NumericString': below(
    root({ subject: commonName('x', () => element(0x12, Buffer.from('1a'))) }),
  ),

  // Key identifiers.
  'key identifiers that fit': withKeyIds(keyIdOf('rsa-2048'), keyIdOf('rsa-2048')),
  'key identifiers that do not': withKeyIds(keyIdOf('rsa-2048'), keyIdOf('p-256')),
  'a key identifier of the CA alone': below(authority(subjectKeyId(keyIdOf('rsa-2048')))),
  'a malformed key identifier': moreOf({ leaf: extension('2.5.29.14', NULL) }),

  // Several ways up.
  'two CAs of one name': {
    roots: [root({ key: 'p-256' }), root()],
    sent: [leaf()],
  },
  'two CAs of one name and key, one expired': {
    roots: [root(EXPIRED), root({ serialNumber: 7 })],
    sent: [leaf()],
  },
  'a CA twice': { roots: [root(), root()], sent: [leaf()] },
  'a leaf twice': { roots: [root()], sent: [leaf(), leaf()] },
  'the root sent along': { roots: [root()], sent: [leaf(), root()] },
  'intermediates in the wrong order': ((): ChainDraft => {
    const one = middle();
    const two = middle({ subject: commonName('two'), key: 'p-384' }, one);
    return { roots: [root()], sent: [leaf({}, two), one, two] };
  })(),
  'an intermediate that is missing': {
    ...deepBelow(root()),
    sent: deepBelow(root()).sent.slice(0, 1),
  },
  'an intermediate that is trusted': ((): ChainDraft => {
    const one = middle();
    return { roots: [one], sent: [leaf({}, one)] };
  })(),
  'an intermediate that is trusted and sent': ((): ChainDraft => {
    const one = middle();
    return { roots: [one], sent: [leaf({}, one), one] };
  })(),
  'a root that another root signed': ((): ChainDraft => {
    const old = root({ subject: commonName('old'), key: 'p-256' });
    const cross = root({ issuer: old.subject, signer: old.key });
    return { roots: [old], sent: [leaf(), cross] };
  })(),
  'a root that an expired root signed, trusted itself': ((): ChainDraft => {
    const old = root({ subject: commonName('old'), key: 'p-256', ...EXPIRED });
    const cross = root({ issuer: old.subject, signer: old.key });
    return { roots: [old, root()], sent: [leaf(), cross] };
  })(),
  'CAs that sign each other': ((): ChainDraft => {
    const one = middle({ issuer: commonName('two'), signer: 'p-384' });
    const two = middle({
      subject: commonName('two'),
      key: 'p-384',
      issuer: one.subject,
      signer: one.key,
    });
    return { roots: [root()], sent: [leaf({}, one), one, two] };
  })(),
  'one way up that is constrained, and one that is not': {
    roots: [constrained({ permitted: [dnsName('example.com')] }), root({ serialNumber: 7 })],
    sent: [leaf()],
  },
  'more CAs of one name than Go tries': {
    roots: Array.from({ length: 101 }, (_, i) =>
      root({ serialNumber: i, ...(i < 100 && { key: 'p-256' }) }),
    ),
    sent: [leaf()],
  },
  'as many CAs of one name as Go tries': {
    roots: Array.from({ length: 100 }, (_, i) =>
      root({ serialNumber: i, ...(i < 99 && { key: 'p-256' }) }),
    ),
    sent: [leaf()],
  },
  'a CA that Go finds by its key identifier among many': {
    roots: [
      ...Array.from({ length: 101 }, (_, i) => root({ serialNumber: i, key: 'p-256' })),
      authority(subjectKeyId(keyIdOf('rsa-2048'))),
    ],
    sent: [leaf({ extensions: [...leafExtensions, authorityKeyId(keyIdOf('rsa-2048'))] })],
  },
  'another CA’s key': below(root(), { signer: 'rsa-2048-other' }),
  'an unreadable CA beside a good one': {
    roots: [root({ serialNumber: -1 }), root()],
    sent: [leaf()],
  },
  'nothing that can be read in the bundle': { roots: [root({ serialNumber: -1 })], sent: [leaf()] },

  // Policies.
  'a policy that is required, and is there': policyChain({
    root: [policies(POLICY)],
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(POLICY)],
  }),
  'a policy that is required, and is not there': policyChain({
    middle: [policies(POLICY), policyConstraints(0)],
  }),
  'a policy that is required, and another is there': policyChain({
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(OTHER_POLICY)],
  }),
  'a policy that is required by the root alone': policyChain({ root: [policyConstraints(0)] }),
  'a policy that is required further down': policyChain({ middle: [policyConstraints(1)] }),
  'a policy that the leaf requires': policyChain({ leaf: [policyConstraints(0)] }),
  'any policy where one is required': policyChain({
    middle: [policies(ANY_POLICY), policyConstraints(0)],
    leaf: [policies(POLICY)],
  }),
  'any policy at the end': policyChain({
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(ANY_POLICY)],
  }),
  'any policy that is inhibited': policyChain({
    middle: [policies(POLICY), policyConstraints(0), inhibitAnyPolicy(0)],
    leaf: [policies(ANY_POLICY)],
  }),
  'a policy by another name': policyChain({
    middle: [policies(POLICY), policyConstraints(0), policyMappings([POLICY, OTHER_POLICY])],
    leaf: [policies(OTHER_POLICY)],
  }),
  'a policy by its old name': policyChain({
    middle: [policies(POLICY), policyConstraints(0), policyMappings([POLICY, OTHER_POLICY])],
    leaf: [policies(POLICY)],
  }),
  'a mapping of any policy': policyChain({
    middle: [policies(POLICY), policyMappings([ANY_POLICY, POLICY])],
  }),
  'a mapping of any policy, without policies': policyChain({
    middle: [policyMappings([ANY_POLICY, POLICY])],
  }),
  'policies twice': policyChain({ leaf: [policies(POLICY, POLICY)] }),
  'malformed policies': policyChain({
    leaf: [extension('2.5.29.32', sequence(objectIdentifier(POLICY)))],
  }),
};

function threeDeep(constraints: Buffer): ChainDraft {
  const top = root({ extensions: [constraints, keyUsage(5)] });
  const one = middle({}, top);
  const two = middle({ subject: commonName('two'), key: 'p-384' }, one);
  return { roots: [top], sent: [leaf({}, two), one, two] };
}

function withKeyIds(ofAuthority: Buffer, ofLeaf: Buffer): ChainDraft {
  return below(authority(subjectKeyId(ofAuthority)), {
    extensions: [...leafExtensions, authorityKeyId(ofLeaf)],
  });
}

function policyChain(
  more: Partial<Record<'root' | 'middle' | 'leaf', readonly Buffer[]>>,
): ChainDraft {
  return deepBelow(
    authority(...(more.root ?? [])),
    { extensions: [...authorityExtensions, ...(more.middle ?? [])] },
    { extensions: [...leafExtensions, ...(more.leaf ?? [])] },
  );
}

function perLeafKey(names: readonly KeyName[]): Record<string, ChainDraft> {
  return Object.fromEntries(
    names.map((key) => [`a leaf with a key of ${key}`, below(root(), { key })]),
  );
}

function perRoot(
  signatures: Partial<Record<KeyName, readonly SignatureName[]>>,
): Record<string, ChainDraft> {
  return Object.fromEntries(
    Object.entries(signatures).flatMap(([name, all]) =>
      all.map((signature) => {
        const above = root({ key: name as KeyName });
        return [`a leaf that ${name} signed by ${signature}`, below(above, { signature })];
      }),
    ),
  );
}

/** The point of a P-256 key in 33 octets. */
function compressed(key: KeyName): Buffer {
  const point = publicKeyDer(key).subarray(-65);
  const sign = ((point.at(-1) ?? 0) & 1) === 1 ? 3 : 2;
  const algorithm = publicKeyDer(key).subarray(2, 23);
  return sequence(
    algorithm,
    bitString(Buffer.concat([Buffer.from([sign]), point.subarray(1, 33)])),
  );
}

function rsaWithoutNull(key: KeyName): Buffer {
  const bits = publicKeyDer(key).subarray(4 + 15);
  return sequence(sequence(objectIdentifier('1.2.840.113549.1.1.1')), bits);
}
