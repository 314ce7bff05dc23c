import {
  below,
  type ChainDraft,
  deepBelow,
  leaf,
  middle,
  NAME,
  root,
  caExtensions,
  leafExtensions,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { bitString, integer, sequence } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  basicConstraints,
  commonName,
  extension,
  keyUsage,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { type ChainKinds } from './common.ts';

/** Who may sign, and how deep below. */
export const ISSUERS_KINDS: ChainKinds = {
  'a leaf below a root': below(root()),
  'a leaf below an intermediate': deepBelow(root()),
  'a leaf that is its own CA': ((): ChainDraft => {
    const own = leaf({ issuer: commonName('leaf'), signer: 'rsa-2048-other' });
    return { roots: [own], sent: [own] };
  })(),
  'a leaf that is trusted, that no CA signed': ((): ChainDraft => {
    const own = leaf({ signature: 'sha1-rsa' });
    return { roots: [own], sent: [own] };
  })(),
  'a leaf that is a CA': below(root(), {
    extensions: [...caExtensions, ...leafExtensions.slice(2)],
  }),

  // Path length.
  'pathlen 0 and no intermediate': below(root({ extensions: [basicConstraints(true, 0), keyUsage(5)] })),
  'pathlen 0 and an intermediate': deepBelow(root({ extensions: [basicConstraints(true, 0), keyUsage(5)] })),
  'pathlen 1 and an intermediate': deepBelow(root({ extensions: [basicConstraints(true, 1), keyUsage(5)] })),
  'pathlen 0 of the intermediate': deepBelow(root(), {
    extensions: [basicConstraints(true, 0), keyUsage(5)],
  }),
  'pathlen 1 and two intermediates': threeDeep(basicConstraints(true, 1)),
  'pathlen 2 and two intermediates': threeDeep(basicConstraints(true, 2)),
  'pathlen 2 ** 62': deepBelow(
    root({
      extensions: [extension('2.5.29.19', sequence(Buffer.from('0101ff', 'hex'), integer(2n ** 62n)))],
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
  'a root without keyCertSign': below(root({ extensions: [basicConstraints(true), keyUsage(0, 6)] })),
  'a root without key usage': below(root({ extensions: [basicConstraints(true)] })),
  'a root with a key usage of no bit': below(root({ extensions: [basicConstraints(true), keyUsage()] })),
  'a root with decipherOnly alone': below(
    root({
      extensions: [basicConstraints(true), extension('2.5.29.15', bitString(Buffer.from([0, 0x80]), 7))],
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
};

function threeDeep(constraints: Buffer): ChainDraft {
  const top = root({ extensions: [constraints, keyUsage(5)] });
  const one = middle({}, top);
  const two = middle({ subject: commonName('two'), key: 'p-384' }, one);
  return { roots: [top], sent: [leaf({}, two), one, two] };
}
