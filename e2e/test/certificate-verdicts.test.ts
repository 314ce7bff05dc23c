import { readFile } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { readCertificateSet, servingProblems } from '@ecr-pull-secrets/certs-scripts/verify/certificate-set.ts';
import { normalizedPem, readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { below, type ChainCase, root, toCase } from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { CHAIN_KINDS } from './support/chain-kinds/all.ts';
import { STRICTER_KINDS } from './support/stricter-kinds.ts';
import { buildGoProgram } from './support/go-program.ts';
import { makeCertificate, toPem } from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { PEM_TEXTS } from './support/pem-texts.ts';
import { createRandom, randomChain } from './support/random-chains.ts';

/** `npm run test:certificates` judges 10,000. */
const COUNT = Number(process.env['CERTIFICATES'] ?? '300');

/** Another series of chains for each run; `SEED=…` gives the same ones again. */
const SEED = Number(process.env['SEED'] ?? Date.now() % 1e9);

const go = await buildGoProgram(t, 'judge-chains');

t.test('the verdict on each kind of chain is Go’s', async (t) => {
  const cases = Object.entries(CHAIN_KINDS).map(([kind, draft]) => toCase(kind, draft));
  const verdicts = await judgeByGo(cases);
  for (const [index, one] of cases.entries()) compare(t, one, verdicts[index]);
  const accepted = verdicts.filter((verdict) => verdict === '').length;
  t.ok(accepted > 50 && accepted < cases.length - 50, `${accepted} of ${cases.length} are good`);
});

t.test(`the verdict on ${COUNT} random chains is Go’s`, async (t) => {
  const random = createRandom(SEED);
  const cases = Array.from({ length: COUNT }, (_, i) => toCase(`SEED=${SEED}, chain ${i}`, randomChain(random)));
  const verdicts = await judgeByGo(cases);
  const differing = cases.filter((one, i) => (verdicts[i] === '') !== (judge(one) === ''));
  for (const one of differing) compare(t, one, verdicts[cases.indexOf(one)]);
  const accepted = verdicts.filter((verdict) => verdict === '').length;
  t.comment(`${accepted} of ${COUNT} are good, SEED=${SEED}`);
  t.ok(accepted > COUNT / 10 && accepted < (COUNT * 9) / 10, 'some are good and some are not');
});

t.test('a chain that is refused although Go accepts it is one of those that are listed', async (t) => {
  const cases = Object.entries(STRICTER_KINDS).map(([kind, draft]) => toCase(kind, draft));
  const verdicts = await judgeByGo(cases);
  for (const [index, one] of cases.entries()) {
    t.equal(verdicts[index], '', `Go accepts ${one.kind}`);
    t.not(judge(one), '', `we refuse ${one.kind}`);
  }
  const page = new URL('../../docs/decisions/0010-one-verifier-of-certificates.md', import.meta.url);
  const text = await readFile(page, 'utf8');
  for (const { kind } of cases) t.match(text, kind, `the decision lists ${kind}`);
});

t.test('no octet of a CA can be damaged so that Go refuses it and we do not', async (t) => {
  // A root's own signature is not verified, so all that counts is whether it can be read.
  const top = root();
  const der = makeCertificate(top);
  const good = toCase('damaged', below(top));
  const cases = [...der.keys()].map((offset) => {
    const bits = 1 << ((SEED + offset) % 8);
    const damaged = Buffer.from(der);
    damaged.writeUInt8(der.readUInt8(offset) ^ bits, offset);
    return withBundle(good, toPem(damaged), `octet ${offset} ^ ${bits}, SEED=${SEED}`);
  });
  const verdicts = await judgeByGo(cases);
  const refused = cases.filter((_, i) => verdicts[i] !== '');
  t.strictSame(
    refused.filter((one) => judge(one) === '').map(({ kind }) => kind),
    [],
  );
  t.ok(refused.length > 100, `Go refuses ${refused.length} of ${cases.length}`);
});

t.test('a PEM text that Go does not read is read, and written so that Go reads it', async (t) => {
  const good = toCase('PEM', below(root()));
  const texts = Object.entries(PEM_TEXTS).map(([kind, make]) => [kind, make(good.caBundle)] as const);
  const asIs = await judgeByGo(texts.map(([, text]) => withBundle(good, text)));
  const mended = await judgeByGo(texts.map(([, text]) => withBundle(good, normalizedPem(text))));
  for (const [index, [kind, text]] of texts.entries()) {
    const { certificates, needsNormalization } = readPemCertificates(text);
    t.equal(mended[index] === '', certificates.length > 0, `${kind}: Go reads what we read`);
    t.equal(asIs[index] === '', certificates.length > 0 && !needsNormalization, `${kind}: we say what Go does`);
  }
});

function withBundle(one: ChainCase, caBundle: string, kind = one.kind): ChainCase {
  return { ...one, caBundle, kind };
}

function judge(one: ChainCase): string {
  const read = readCertificateSet({
    caPem: one.caBundle,
    certificatePem: one.chain,
    privateKeyPem: one.key,
    dnsNames: [one.dnsName],
  });
  return servingProblems(read, one.now).join('; ');
}

async function judgeByGo(cases: readonly ChainCase[]): Promise<readonly string[]> {
  return await go.run<readonly string[]>([], lines(cases));
}

async function* lines(cases: readonly ChainCase[]): AsyncGenerator<string> {
  for (const one of cases) yield JSON.stringify(one);
}

function compare(test: Test, one: ChainCase, verdict: string | undefined): void {
  const ours = judge(one);
  test.equal(ours === '', verdict === '', `${one.kind}: Go says ${verdict}; we say ${ours}`, {
    chain: one.chain,
    caBundle: one.caBundle,
  });
}
