import {
  below,
  type ChainDraft,
  deepBelow,
  middle,
  root,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { bitString, objectIdentifier, sequence } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  type KeyName,
  publicKeyDer,
  type SignatureName,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { type ChainKinds } from './common.ts';

/** Keys and signatures that Go does, and that it does not. */
export const KEYS_KINDS: ChainKinds = {
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
  ...perRoot([
    [
      'rsa-2048',
      [
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
    ],
    ['rsa-1024', ['sha256-rsa']],
    ['rsa-768', ['sha256-rsa']],
    ['rsa-exponent-3', ['sha256-rsa']],
    ['rsa-exponent-32-bits', ['sha256-rsa']],
    ['rsa-pss', ['pss-sha256']],
    ['p-256', ['ecdsa-sha256', 'ecdsa-sha384', 'ecdsa-sha512', 'ecdsa-sha1', 'ecdsa-sha224']],
    ['p-224', ['ecdsa-sha256']],
    ['p-384', ['ecdsa-sha384', 'ecdsa-sha256']],
    ['p-521', ['ecdsa-sha512']],
    ['p-256-explicit', ['ecdsa-sha256']],
    ['secp256k1', ['ecdsa-sha256']],
    ['ed25519', ['ed25519', 'ed25519-with-null']],
    ['ed448', ['ed448']],
    ['dsa', ['dsa-sha256']],
  ]),
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
};

function perLeafKey(names: readonly KeyName[]): Record<string, ChainDraft> {
  return Object.fromEntries(names.map((key) => [`a leaf with a key of ${key}`, below(root(), { key })]));
}

function perRoot(signatures: readonly (readonly [KeyName, readonly SignatureName[]])[]): Record<string, ChainDraft> {
  return Object.fromEntries(
    signatures.flatMap(([key, all]) =>
      all.map((signature) => [`a leaf that ${key} signed by ${signature}`, below(root({ key }), { signature })]),
    ),
  );
}

/** The point of a P-256 key in 33 octets. */
function compressed(key: KeyName): Buffer {
  const point = publicKeyDer(key).subarray(-65);
  const sign = ((point.at(-1) ?? 0) & 1) === 1 ? 3 : 2;
  const algorithm = publicKeyDer(key).subarray(2, 23);
  return sequence(algorithm, bitString(Buffer.concat([Buffer.from([sign]), point.subarray(1, 33)])));
}

function rsaWithoutNull(key: KeyName): Buffer {
  const bits = publicKeyDer(key).subarray(4 + 15);
  return sequence(sequence(objectIdentifier('1.2.840.113549.1.1.1')), bits);
}
