import {
  type ChainDraft,
  CLIENT_AUTH,
  EXPIRED,
  leaf,
  leafExtensions,
  middle,
  NAME,
  root,
  SERVER_AUTH,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { NULL } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  address,
  alternativeNames,
  basicConstraints,
  type CertificateDraft,
  commonName,
  dnsName,
  email,
  extendedKeyUsage,
  extension,
  keyUsage,
  nameConstraints,
  policies,
  policyConstraints,
  subjectKeyId,
  uri,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';

/** Gives the next of a series of numbers from 0 to below 1. */
export type Random = () => number;

/** Mulberry32: the same series for the same seed, on every machine. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One chance in so many that something is odd; with a few choices for each chain, half of them are good. */
const RARELY = 12;

const DOMAINS = ['', 'svc', '.svc', 'apps.svc', '.apps.svc', NAME, `x.${NAME}`, 'example.com', 'other.apps.svc'];
const POLICIES = ['1.3.6.1.4.1.55555.2', '1.3.6.1.4.1.55555.3', '2.5.29.32.0'];
const MIDDLE_KEYS = ['p-256', 'p-384', 'rsa-2048', 'ed25519', 'p-256-other'] as const;
const NAMES = ['one', 'two', 'three'];

/** A chain of up to three intermediates whose parts are odd now and then, and in any order. */
export function randomChain(random: Random): ChainDraft {
  const is = (): boolean => random() < 1 / RARELY;
  const oneOf = <T>(choices: readonly [T, ...T[]] | readonly T[]): T => {
    const choice = choices[Math.floor(random() * choices.length)];
    if (choice === undefined) throw new Error('nothing to choose from');
    return choice;
  };

  function constraints(): Buffer {
    const subtree = (): Buffer =>
      oneOf([
        dnsName(oneOf(DOMAINS)),
        dnsName(oneOf(DOMAINS)),
        uri(oneOf(['example.com', '.example.com'])),
        email(oneOf(['example.com', 'a@example.com'])),
        address(10, 0, 0, 0, 255, 0, 0, 0),
      ]);
    const some = (): Buffer[] => Array.from({ length: Math.ceil(random() * 2) }, subtree);
    return nameConstraints(
      oneOf([{ permitted: some() }, { excluded: some() }, { permitted: some(), excluded: some() }]),
    );
  }

  function caExtensions(): Buffer[] {
    const maxPathLength = random() < 0.4 ? Math.floor(random() * 4) : undefined;
    return [
      ...(is() ? [] : [basicConstraints(!is(), maxPathLength)]),
      ...(is() ? [] : [keyUsage(...(is() ? [0, 6] : [5, 6]))]),
      ...(random() < 0.3 ? [constraints()] : []),
      ...(is() ? [extendedKeyUsage(oneOf([SERVER_AUTH, CLIENT_AUTH, '2.5.29.37.0']))] : []),
      ...(is() ? [policyConstraints(Math.floor(random() * 3))] : []),
      ...(random() < 0.3 ? [policies(oneOf(POLICIES))] : []),
      ...(random() < 0.3 ? [subjectKeyId(Buffer.from(oneOf(NAMES)))] : []),
      ...(is() ? [extension('1.3.6.1.4.1.55555.1', NULL, { critical: random() < 0.5 })] : []),
    ];
  }

  function leafNames(): Buffer {
    const others = [
      dnsName(`*.${NAME}`),
      dnsName('a.example.com'),
      dnsName('*.apps.svc'),
      uri('spiffe://example.com/x'),
      email('a@example.com'),
      address(10, 1, 2, 3),
    ];
    const name = is() ? oneOf(DOMAINS) : NAME;
    return alternativeNames(dnsName(name), ...others.filter(is));
  }

  const oddly = (): Partial<CertificateDraft> => ({
    ...(is() && EXPIRED),
    ...(is() && random() < 0.5 && { version: oneOf([1, 2]), extensions: [] }),
    ...(is() && random() < 0.5 && { issuer: commonName('absent') }),
    ...(is() && random() < 0.5 && { signer: 'rsa-2048-other' as const }),
  });

  const top = root({ extensions: caExtensions(), ...oddly() });
  const between: CertificateDraft[] = [];
  for (const name of NAMES.slice(0, Math.floor(random() * 4))) {
    const above = between.at(-1) ?? top;
    const changes = {
      subject: commonName(name),
      key: oneOf(MIDDLE_KEYS),
      extensions: caExtensions(),
    };
    between.push(middle({ ...changes, ...oddly() }, above));
  }
  const used = [
    ...leafExtensions.slice(0, -1).filter(() => !is()),
    leafNames(),
    ...(random() < 0.3 ? [policies(oneOf(POLICIES))] : []),
  ];
  const end = leaf({ extensions: used, ...oddly() }, between.at(-1) ?? top);
  const shuffled = [...between, ...between.filter(is)]
    .map((draft) => ({ draft, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ draft }) => draft);
  const more = [root({ key: 'p-256' }), ...between].filter(is);
  const sent = [end, ...shuffled.filter(() => !is() || random() < 0.7)];
  return { roots: [top, ...more], sent };
}
