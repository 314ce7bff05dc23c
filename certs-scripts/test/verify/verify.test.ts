import { type KeyObject, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import t from 'tap';
import { createCa } from '../../src/issue/ca.ts';
import { generateRsaKeyPair } from '../../src/issue/key-pair.ts';
import { createServingCertificate } from '../../src/issue/serving-certificate.ts';
import { type CertificateTemplate, commonNameField, signCertificate } from '../../src/issue/signed-certificate.ts';
import { dropExpired, mergeBundles, splitBundle } from '../../src/verify/bundle.ts';
import { verifyCa } from '../../src/verify/ca.ts';
import { verifyCertificateSet } from '../../src/verify/certificate-set.ts';
import { readPemCertificates } from '../../src/verify/pem.ts';
import { privateKeyToPem } from '../../src/verify/private-key.ts';

const HOUR_MS = 60 * 60 * 1000;
const NAME = 'hook.apps.svc';

const now = new Date('2026-06-01T12:00:00Z');
const keyPair = await generateRsaKeyPair();
const otherKeyPair = await generateRsaKeyPair();
const ca = await createCa({ commonName: 'first', now, keyPair });
const next = await createCa({ commonName: 'next', now, keyPair: otherKeyPair });
const service = { serviceName: 'hook', namespace: 'apps', now, keyPair };
const serving = await createServingCertificate(ca, service);
const good = { ...serving, caPem: ca.certificatePem, dnsNames: [NAME], now };

const root = [commonNameField('root')];
const SERVER_EXTENSIONS = [
  { name: 'extKeyUsage', serverAuth: true },
  { name: 'subjectAltName', altNames: [{ type: 2, value: NAME }] },
];
const CA_EXTENSIONS = [
  { name: 'basicConstraints', critical: true, cA: true },
  { name: 'keyUsage', critical: true, keyCertSign: true },
];

/** A certificate of our making, right or wrong; by default a self-signed root. */
async function make(changes: Partial<CertificateTemplate>, key: KeyObject): Promise<string> {
  const template = {
    serialNumber: '4444',
    notBefore: new Date(now.getTime() - HOUR_MS),
    notAfter: new Date(now.getTime() + HOUR_MS),
    subject: root,
    issuer: root,
    publicKey: keyPair.publicKey,
    extensions: CA_EXTENSIONS,
  };
  return await signCertificate({ ...template, ...changes }, key);
}

async function makeServing(changes: Partial<CertificateTemplate>): Promise<string> {
  const { privateKey } = keyPair;
  return await make({ subject: [], extensions: SERVER_EXTENSIONS, ...changes }, privateKey);
}

function derToPem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

t.test('a good set has no problems, whatever else the bundle holds', async (t) => {
  t.strictSame(verifyCertificateSet(good), []);
  const bundles = [
    mergeBundles(next.certificatePem, [ca.certificatePem]),
    `# our own CA\n${ca.certificatePem.replaceAll('\n', '\r\n')}`,
  ];
  for (const caPem of bundles) t.strictSame(verifyCertificateSet({ ...good, caPem }), []);
});

t.test('a set as others make it has no problems', async (t) => {
  const rootPem = await make({}, keyPair.privateKey);
  const noSubject = await makeServing({});
  t.strictSame(
    verifyCertificateSet({ ...good, caPem: rootPem, certificatePem: noSubject }),
    [],
    'no subject, no key usage',
  );

  const middle = [commonNameField('middle')];
  const middlePem = await make({ subject: middle }, keyPair.privateKey);
  const deep = (await makeServing({ issuer: middle })) + middlePem;
  t.strictSame(verifyCertificateSet({ ...good, caPem: rootPem, certificatePem: deep }), [], 'an intermediate');

  const selfSigned = await make({ extensions: SERVER_EXTENSIONS }, keyPair.privateKey);
  t.strictSame(
    verifyCertificateSet({ ...good, caPem: selfSigned, certificatePem: selfSigned }),
    [],
    'a certificate that is its own CA',
  );
});

t.test('of two CAs with one name and one key, the one that is valid now counts', async (t) => {
  const past = { notAfter: new Date(now.getTime() - 1000) };
  const caPem = (await make(past, keyPair.privateKey)) + (await make({ serialNumber: '4445' }, keyPair.privateKey));
  const certificatePem = await makeServing({});
  t.strictSame(verifyCertificateSet({ ...good, caPem, certificatePem }), []);
});

t.test('each fault is described in words', async (t) => {
  const rootPem = await make({}, keyPair.privateKey);
  const noFlag = await make({ extensions: [] }, keyPair.privateKey);
  const past = { notAfter: new Date(now.getTime() - 1000) };
  const otherKey = privateKeyToPem(otherKeyPair.privateKey);
  const under = async (changes: Partial<CertificateTemplate>) => ({
    caPem: rootPem,
    certificatePem: await makeServing(changes),
  });
  const onlyCommonName = { subject: [commonNameField(NAME)], extensions: [] };
  const cases: readonly [string, Partial<typeof good>, RegExp][] = [
    ['empty certificate', { certificatePem: '' }, /^the certificate cannot be read/],
    ['junk after it', { certificatePem: `${good.certificatePem}${derToPem(Buffer.from('x'))}` }, /read/],
    ['empty bundle', { caPem: '' }, /^the CA bundle cannot be read/],
    ['key in the bundle', { caPem: good.caPem + good.privateKeyPem }, /holds a private key/],
    ['another CA', { caPem: next.certificatePem }, /^no CA of the bundle signed .* issuer CN=first, /],
    ['a bundle of no names', { caPem: await makeServing({}) }, /CAs \(no name\)$/],
    ['CA without its flag', { ...(await under({})), caPem: noFlag }, /lacks the flag CA:TRUE/],
    [
      'expired CA',
      { ...(await under({})), caPem: await make(past, keyPair.privateKey) },
      /^the CA certificate CN=root expired at/,
    ],
    [
      'expired',
      { now: new Date(now.getTime() + 8 * 24 * HOUR_MS) },
      /^the certificate expired at 2026-06-08T12:00:00.000Z/,
    ],
    ['not yet valid', { now: new Date(now.getTime() - 2 * HOUR_MS) }, /^the certificate is not valid before/],
    ['another name', { dnsNames: [NAME, 'other.apps.svc'] }, /^the certificate is not for other.apps.svc/],
    ['a name in the common name only', await under(onlyCommonName), /is not for hook.apps.svc/],
    ['no name at all', { dnsNames: ['a\0b'] }, /^"a\\u0000b" is not a DNS name/],
    [
      'for clients',
      await under({
        extensions: [{ name: 'extKeyUsage', clientAuth: true }, ...SERVER_EXTENSIONS.slice(1)],
      }),
      /serverAuth/,
    ],
    ['negative serial number', await under({ serialNumber: '8844' }), /negative serial number/],
    ['another key', { privateKeyPem: otherKey }, /^the private key does not belong/],
    ['junk as key', { privateKeyPem: 'junk' }, /^the private key cannot be read/],
    [
      'public key as key',
      { privateKeyPem: keyPair.publicKey.export({ type: 'spki', format: 'pem' }).toString() },
      /cannot be read/,
    ],
  ];
  for (const [title, changes, expected] of cases) {
    const problems = verifyCertificateSet({ ...good, ...changes });
    t.ok(
      problems.some((problem) => expected.test(problem)),
      `${title}: ${problems.join('; ')}`,
    );
  }
});

t.test('a weak signature and a short key are described', async (t) => {
  const rootPem = await make({}, keyPair.privateKey);
  const weak = forge.pki.certificateFromPem(await makeServing({}));
  weak.sign(forge.pki.privateKeyFromPem(good.privateKeyPem), forge.md.sha1.create());
  const certificatePem = forge.pki.certificateToPem(weak);
  t.match(verifyCertificateSet({ ...good, caPem: rootPem, certificatePem }), [/sha1.* Go refuses/i]);

  const short = forge.pki.rsa.generateKeyPair({ bits: 1024 });
  weak.publicKey = short.publicKey;
  weak.sign(forge.pki.privateKeyFromPem(good.privateKeyPem), forge.md.sha256.create());
  const shortSet = {
    certificatePem: forge.pki.certificateToPem(weak),
    privateKeyPem: forge.pki.privateKeyToPem(short.privateKey),
  };
  t.match(verifyCertificateSet({ ...good, caPem: rootPem, ...shortSet }), [/RSA key of 1024 bits/]);
});

t.test('one damaged byte in a certificate is always a problem, and never an exception', (t) => {
  const der = new X509Certificate(good.certificatePem).raw;
  const unnoticed: number[] = [];
  for (let offset = 0; offset < der.length; offset++) {
    const damaged = Buffer.from(der);
    damaged.writeUInt8(der.readUInt8(offset) ^ 0x15, offset);
    const certificatePem = derToPem(damaged);
    if (verifyCertificateSet({ ...good, certificatePem }).length === 0) unnoticed.push(offset);
  }
  t.strictSame(unnoticed, []);
  t.end();
});

t.test('a private key whose private half is damaged is a problem', (t) => {
  const key = forge.pki.privateKeyFromPem(good.privateKeyPem);
  key.d = key.d.xor(new forge.jsbn.BigInteger('4', 10));
  key.p = key.p.xor(new forge.jsbn.BigInteger('4', 10));
  const privateKeyPem = forge.pki.privateKeyToPem(key);
  t.strictSame(verifyCertificateSet({ ...good, privateKeyPem }), [
    'the private key does not belong to the certificate',
  ]);
  t.end();
});

t.test('a CA read from a Secret is checked', async (t) => {
  const { privateKeyPem } = ca;
  t.strictSame(verifyCa(ca, now), []);
  const otherKey = next.privateKeyPem;
  const late = new Date(now.getTime() + 366 * 24 * HOUR_MS);
  const noFlag = await make({ extensions: [] }, keyPair.privateKey);
  const notSelfSigned = await make({ issuer: [commonNameField('other')] }, keyPair.privateKey);
  const both = ca.certificatePem + next.certificatePem;
  const cases: readonly [string, readonly string[], RegExp][] = [
    ['empty', verifyCa({ certificatePem: '', privateKeyPem: '' }, now), /exactly one/],
    ['two', verifyCa({ certificatePem: both, privateKeyPem }, now), /exactly one/],
    ['other key', verifyCa({ ...ca, privateKeyPem: otherKey }, now), /belong/],
    ['expired', verifyCa(ca, late), /^the CA certificate expired at/],
    ['no CA', verifyCa({ certificatePem: noFlag, privateKeyPem }, now), /CA:TRUE/],
    ['serving', verifyCa(serving, now), /CA:TRUE/],
    ['issued', verifyCa({ certificatePem: notSelfSigned, privateKeyPem }, now), /by itself/],
  ];
  for (const [title, problems, expected] of cases)
    t.ok(
      problems.some((problem) => expected.test(problem)),
      `${title}: ${problems.join('; ')}`,
    );
});

t.test('bundles are split and joined without doubles and without junk', (t) => {
  const first = ca.certificatePem;
  const second = next.certificatePem;
  const junk = derToPem(Buffer.from('junk'));
  t.strictSame(splitBundle(`text\n${first}\r\n${junk}${second}`), [first, second]);
  t.equal(readPemCertificates(first + junk).problems.length, 1);
  t.equal(mergeBundles(second, [first, second + first, '']), second + first);
  t.equal(mergeBundles('', []), '');
  t.equal(mergeBundles(first.replaceAll('\n', '\r\n'), [first]), first, 'one form');
  t.end();
});

t.test('expired certificates are dropped from a bundle, the last second included', async (t) => {
  const short = await make({}, keyPair.privateKey);
  const bundle = mergeBundles(ca.certificatePem, [short]);
  const end = new X509Certificate(short).validToDate;
  t.equal(dropExpired(bundle, end), bundle);
  t.equal(dropExpired(bundle, new Date(end.getTime() + 1)), ca.certificatePem);
});

t.test('a text of nothing but beginnings is read in linear time', (t) => {
  const hostile = '-----BEGIN CERTIFICATE-----\n'.repeat(40_000);
  const startMs = performance.now();
  t.strictSame(readPemCertificates(hostile).certificates, []);
  t.ok(performance.now() - startMs < 1000, 'a megabyte within a second');
  t.end();
});
