import { X509Certificate } from 'node:crypto';
import t from 'tap';
import {
  caExtensions,
  below,
  type ChainDraft,
  deepBelow,
  leafExtensions,
  leafNamed,
  NAME,
  NOW,
  root,
  toCase,
} from '../../testing/chain-drafts.ts';
import { NULL, sequence, set, utf8 } from '../../testing/der-writer.ts';
import {
  attribute,
  basicConstraints,
  commonName,
  dnsName,
  extension,
  keyUsage,
  makeCertificate,
  nameConstraints,
  privateKeyPem,
  toPem,
} from '../../testing/made-certificate.ts';
import { createServingCertificate } from '../../src/issue/serving-certificate.ts';
import { verifyCa } from '../../src/verify/ca.ts';
import { verifyCertificateSet } from '../../src/verify/certificate-set.ts';

function verify(draft: ChainDraft): readonly string[] {
  const { caBundle, chain, key } = toCase('', draft);
  const texts = { caPem: caBundle, certificatePem: chain, privateKeyPem: key };
  return verifyCertificateSet({ ...texts, dnsNames: [NAME], now: NOW });
}

function verdictOn(...more: readonly Buffer[]): readonly string[] {
  const draft = root({ extensions: [...caExtensions, ...more] });
  const certificatePem = toPem(makeCertificate(draft));
  return verifyCa({ certificatePem, privateKeyPem: privateKeyPem('rsa-2048') }, NOW);
}

const critical = extension('1.2.3.4', NULL, { critical: true });
const constrained = (name: string) =>
  root({ extensions: [...caExtensions, nameConstraints({ excluded: [dnsName(name)] })] });

// Each kind is held against Go in e2e/test/certificate-verdicts.test.ts; here are the words.
t.test('what Go refuses is refused with its reason', (t) => {
  const cases: readonly [ChainDraft, string][] = [
    [
      below(constrained('svc')),
      `a CA may not sign for all names: the DNS name "${NAME}" is excluded by the constraint "svc"`,
    ],
    [
      deepBelow(root({ extensions: [basicConstraints(true, 0), keyUsage(5)] })),
      'the CA certificate CN=root allows 0 intermediates below it, not 1',
    ],
    [
      below(root(), { extensions: [...leafExtensions, critical] }),
      'the certificate has a critical extension that Go does not handle: 1.2.3.4',
    ],
    [
      below(root({ extensions: [basicConstraints(true), keyUsage(0)] })),
      'the CA certificate CN=root may not sign certificates: its key usage lacks keyCertSign',
    ],
    [below(root(), { signature: 'sha1-rsa' }), 'CN=leaf is signed with SHA1-RSA, which Go refuses'],
    [below(root(), { key: 'p-224' }), 'the certificate has a key that Go takes for no server: ec secp224r1'],
    [
      below(root({ subject: commonName('root', (text) => Buffer.concat([utf8(text)])) }), {
        issuer: commonName('root', (text) => Buffer.from([0x13, text.length, ...Buffer.from(text)])),
      }),
      'no CA of the bundle signed the certificate: issuer CN=root, CAs CN=root; the names look alike, but are encoded in two ways',
    ],
  ];
  for (const [draft, problem] of cases) t.strictSame(verify(draft), [problem]);
  t.strictSame(verify(below(constrained('example.com'))), [], 'another constraint');
  t.end();
});

t.test('a CA whose subject has two attributes in one set can sign', async (t) => {
  const subject = sequence(
    set(attribute('2.5.4.10', utf8('acme')), attribute('2.5.4.11', utf8('Späth'))),
    set(attribute('2.5.4.3', utf8('root'))),
  );
  const ca = {
    certificatePem: toPem(makeCertificate(root({ subject }))),
    privateKeyPem: privateKeyPem('rsa-2048'),
  };
  t.strictSame(verifyCa(ca, NOW), []);
  const made = await createServingCertificate(ca, {
    serviceName: 'hook',
    namespace: 'apps',
    now: NOW,
  });
  const certificate = new X509Certificate(made.certificatePem);
  t.equal(certificate.issuer, new X509Certificate(ca.certificatePem).subject);
});

t.test('a CA that may not sign for servers, or that Go does not read, is refused', (t) => {
  t.strictSame(verdictOn(), []);
  t.match(verdictOn(critical), [/critical extension that Go does not handle/]);
  t.match(verdictOn(extension('2.5.29.37', sequence())), [], 'for no use is for any');
  t.match(verdictOn(extension('1.2.3.4', NULL)), []);
  t.end();
});

t.test('a certificate that is not the first one is named as the reason why the key is foreign', (t) => {
  const draft = deepBelow(root());
  const [first, second] = draft.sent;
  const swapped = { ...draft, sent: second && first ? [second, first] : [] };
  const { caBundle, chain } = toCase('', swapped);
  const texts = {
    caPem: caBundle,
    certificatePem: chain,
    privateKeyPem: privateKeyPem('rsa-2048-other'),
  };
  const problems = verifyCertificateSet({ ...texts, dnsNames: [NAME], now: NOW });
  t.ok(problems.some((problem) => /the serving certificate must be the first one/.test(problem)));
  t.end();
});

t.test('many names and many constraints take no time, and many problems no room', (t) => {
  const names = Array.from({ length: 2_000 }, (_, i) => dnsName(`n${i}.example.com`));
  const above = root({
    extensions: [...caExtensions, nameConstraints({ excluded: names })],
  });
  const startMs = performance.now();
  const draft = below(above, { extensions: leafNamed(dnsName(NAME), ...names) });
  t.match(verify(draft), ['a CA may not sign for all names: there are too many names and constraints']);
  const one = root({
    extensions: [...caExtensions, nameConstraints({ permitted: [dnsName('x')] })],
  });
  const problems = verify(below(one, { extensions: leafNamed(dnsName(NAME), ...names) }));
  t.equal(problems.length, 11);
  t.equal(problems.at(-1), 'and 1991 more');
  t.ok(performance.now() - startMs < 2_000);
  t.end();
});
