import t from 'tap';
import { below, NOW, root, toCase } from '../../testing/chain-drafts.ts';
import { MAX_PEM_BYTES, normalizedPem, readPemCertificates } from '../../src/verify/pem.ts';
import { readPemFile } from '../../src/verify/pem-file.ts';
import { readPrivateKey } from '../../src/verify/private-key.ts';
import { verifyCertificateSet } from '../../src/verify/certificate-set.ts';

const { caBundle, chain, key, dnsName } = toCase('PEM', below(root()));

t.test('files that cat glued are read, and written with each marker on a line of its own', (t) => {
  const glued = caBundle.trimEnd() + chain.trimEnd();
  const { certificates, problems, needsNormalization } = readPemCertificates(glued);
  t.equal(certificates.length, 2);
  t.strictSame(problems, []);
  t.equal(needsNormalization, true);
  t.equal(normalizedPem(glued), caBundle + chain);
  t.equal(normalizedPem(`# ours\n${caBundle}`), `# ours\n${caBundle}`, 'what Go reads stays as it is');
  t.end();
});

t.test('a set is good in whatever form its files are', (t) => {
  const forms: Readonly<Record<string, (pem: string) => string>> = {
    'as it is': (pem) => pem,
    'without a newline at its end': (pem) => pem.trimEnd(),
    'Windows line ends': (pem) => pem.replaceAll('\n', '\r\n'),
    'a byte order mark': (pem) => `\ufeff${pem}`,
    'blanks before each line': (pem) => pem.replaceAll(/^/gm, '  '),
    'one line': (pem) => pem.replaceAll('\n', ''),
    'text around': (pem) => `subject=x\n${pem}issuer=x`,
    'the key before it': (pem) => key.trimEnd() + pem,
  };
  for (const [form, write] of Object.entries(forms)) {
    const privateKeyPem = form === 'the key before it' ? write(chain) : write(key);
    const set = { certificatePem: write(chain), privateKeyPem, dnsNames: [dnsName], now: NOW };
    t.strictSame(verifyCertificateSet({ ...set, caPem: caBundle }), [], form);
    if (form === 'the key before it') continue;
    t.strictSame(verifyCertificateSet({ ...set, caPem: write(caBundle) }), [], `${form}, the bundle`);
  }
  t.end();
});

t.test('what cannot be read is named with its place', (t) => {
  const cases: readonly [string, RegExp][] = [
    ['', /^cannot be read: it must be PEM blocks of -----BEGIN CERTIFICATE-----$/],
    ['\0\u0001', /^cannot be read: it must be PEM blocks/],
    [caBundle.replaceAll('CERT', 'TRUSTED CERT'), /certificate 1 is a TRUSTED CERTIFICATE/],
    [caBundle.replaceAll('CERT', 'X509 CERT'), /certificate 1 is a X509 CERTIFICATE/],
    [caBundle + caBundle.slice(0, 400), /certificate 2 is damaged, or has headers/],
    [caBundle.replace('\n', '\nProc-Type: 4,ENCRYPTED\n\n'), /certificate 1 is damaged, or has head/],
    [caBundle.replaceAll('\n', '\\n'), /certificate 1 is damaged/],
    [caBundle.replace('M', '*'), /certificate 1 is damaged/],
    [caBundle.replace('MII', 'AII'), /certificate 1: malformed certificate/],
    [' '.repeat(MAX_PEM_BYTES) + caBundle, /^is larger than 1024 KiB$/],
    [`-----BEGIN CERTIFICATE-----\n`.repeat(1_001), /^has more than 1000 PEM blocks$/],
  ];
  for (const [text, expected] of cases) t.match(readPemCertificates(text).problems[0], expected);
  t.end();
});

t.test('a key is read beside other blocks, and none that is encrypted', (t) => {
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----';
  const plain = readPrivateKey(key);
  t.ok(plain);
  t.ok(readPrivateKey(parameters + key)?.equals(plain ?? fail()));
  t.ok(readPrivateKey(chain.trimEnd() + key.replaceAll('\n', '\r\n'))?.equals(plain ?? fail()));
  const encrypted = plain?.export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'x',
  });
  t.equal(readPrivateKey(String(encrypted)), undefined);
  t.equal(readPrivateKey('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----'), undefined);
  t.end();
});

t.test('no file is read further than a Secret can be large', async (t) => {
  await t.rejects(readPemFile('/dev/zero'), /it is larger than 1024 KiB/);
  const directory = t.testdir({ full: 'x'.repeat(MAX_PEM_BYTES) });
  t.equal((await readPemFile(`${directory}/full`)).length, MAX_PEM_BYTES);
});

t.test('a hostile text of a megabyte is read within a second', (t) => {
  const texts = ['-----BEGIN CERTIFICATE-----', '-----BEGIN ', '-----END CERTIFICATE-----\n', '-'].map((part) =>
    part.repeat(MAX_PEM_BYTES / part.length),
  );
  for (const text of [...texts, `-----BEGIN CERTIFICATE-----\n${'A'.repeat(1_000_000)}`]) {
    const startMs = performance.now();
    t.strictSame(readPemCertificates(text).certificates, []);
    t.ok(performance.now() - startMs < 1000, text.slice(0, 30));
  }
  t.end();
});

function fail(): never {
  throw new Error('there is no key');
}
