import {
  below,
  type ChainDraft,
  deepBelow,
  EXPIRED,
  leaf,
  middle,
  root,
  leafExtensions,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { NULL } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  authorityKeyId,
  commonName,
  dnsName,
  extension,
  keyIdOf,
  subjectKeyId,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { caWith, type ChainKinds, constrained, withMore } from './common.ts';

/** Several CAs that may be the issuer. */
export const WAYS_UP_KINDS: ChainKinds = {
  // Key identifiers.
  'key identifiers that fit': withKeyIds(keyIdOf('rsa-2048'), keyIdOf('rsa-2048')),
  'key identifiers that do not': withKeyIds(keyIdOf('rsa-2048'), keyIdOf('p-256')),
  'a key identifier of the CA alone': below(caWith(subjectKeyId(keyIdOf('rsa-2048')))),
  'a malformed key identifier': withMore({ leaf: [extension('2.5.29.14', NULL)] }),

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
  'CAs that sign each other, and a root that signed one of them': ((): ChainDraft => {
    const one = middle({ issuer: commonName('two'), signer: 'p-384' });
    const two = middle({ subject: commonName('two'), key: 'p-384' }, one);
    const twoByRoot = middle({ subject: commonName('two'), key: 'p-384' });
    return { roots: [root()], sent: [leaf({}, one), one, two, twoByRoot] };
  })(),
  'one way up that is constrained, and one that is not': {
    roots: [constrained({ permitted: [dnsName('example.com')] }), root({ serialNumber: 7 })],
    sent: [leaf()],
  },
  'more CAs of one name than Go tries': {
    roots: Array.from({ length: 101 }, (_, i) => root({ serialNumber: i, ...(i < 100 && { key: 'p-256' }) })),
    sent: [leaf()],
  },
  'as many CAs of one name as Go tries': {
    roots: Array.from({ length: 100 }, (_, i) => root({ serialNumber: i, ...(i < 99 && { key: 'p-256' }) })),
    sent: [leaf()],
  },
  'a CA that Go finds by its key identifier among many': {
    roots: [
      ...Array.from({ length: 101 }, (_, i) => root({ serialNumber: i, key: 'p-256' })),
      caWith(subjectKeyId(keyIdOf('rsa-2048'))),
    ],
    sent: [leaf({ extensions: [...leafExtensions, authorityKeyId(keyIdOf('rsa-2048'))] })],
  },
  'another CA’s key': below(root(), { signer: 'rsa-2048-other' }),
  'an unreadable CA beside a good one': {
    roots: [root({ serialNumber: -1 }), root()],
    sent: [leaf()],
  },
  'nothing that can be read in the bundle': { roots: [root({ serialNumber: -1 })], sent: [leaf()] },
};

function withKeyIds(ofCa: Buffer, ofLeaf: Buffer): ChainDraft {
  return below(caWith(subjectKeyId(ofCa)), {
    extensions: [...leafExtensions, authorityKeyId(ofLeaf)],
  });
}
