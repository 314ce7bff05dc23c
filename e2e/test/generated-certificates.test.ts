import { execFileSync, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createCertificateSeries, type SeriesCa, type SeriesCertificate } from './support/certificate-series.ts';
import { buildGoProgram } from './support/go-program.ts';

/** `npm run test:certificates` makes ten times as many, which takes most of a minute. */
const COUNT = Number(process.env['CERTIFICATES'] ?? '1000');

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';

/** What `e2e/go/verify-certificates` prints. */
interface GoVerdict {
  readonly accepted: number;
  readonly problems: readonly string[];
}

const series = await createCertificateSeries();
const certificates: SeriesCertificate[] = [];

t.test(`Go accepts ${COUNT} certificates while they are made`, async (t) => {
  const go = await buildGoProgram(t, 'verify-certificates');
  const startMs = performance.now();
  const { accepted, problems } = await go.run<GoVerdict>([], inputOfGo());

  t.strictSame(problems, []);
  t.equal(accepted, COUNT);
  t.comment(`${COUNT} certificates in ${Math.round(performance.now() - startMs)} ms`);
});

t.test('Node, which is OpenSSL, reads in them what was meant', (t) => {
  const serials = new Set<string>();
  for (const [index, certificate] of certificates.entries()) {
    const { serialNumber, ...facts } = readInNode(certificate);
    serials.add(serialNumber);
    const wrong = Object.entries(facts).filter(([, isAsMeant]) => !isAsMeant);
    if (wrong.length > 0) t.fail(`certificate ${index}: ${wrong.map(([what]) => what).join(', ')}`);
  }
  t.equal(serials.size, COUNT, 'no serial number came twice');
  t.end();
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

t.test('OpenSSL accepts them under its strict rules', { skip: !hasOpenssl }, (t) => {
  const directory = t.testdir();
  for (const signer of series.cas) {
    const files = certificates
      .filter((certificate) => certificate.signer === signer)
      .map(({ pem }, index) => writePem(directory, `${index}.crt`, pem));
    const verified = verifyWithOpenssl(directory, signer, files);
    t.equal(verified, files.map((file) => `${file}: OK\n`).join(''));
  }
  t.end();
});

/** Keeps what it makes. */
async function* inputOfGo(): AsyncGenerator<string> {
  yield JSON.stringify({
    cas: series.cas.map(({ ca }) => ca.certificatePem),
  });
  for (let index = 0; index < COUNT; index++) {
    const certificate = await series.make(index);
    certificates.push(certificate);
    const { pem, dnsNames, notBefore, notAfter } = certificate;
    yield JSON.stringify({ pem, dnsNames, notBefore, notAfter });
  }
}

/** The serial number, and whether each fact is as meant. */
function readInNode({ pem, signer, dnsNames, notBefore, notAfter }: SeriesCertificate) {
  const certificate = new X509Certificate(pem);
  const ca = new X509Certificate(signer.ca.certificatePem);
  return {
    serialNumber: certificate.serialNumber,
    serial: /^[4-7][0-9A-F]{31}$/.test(certificate.serialNumber),
    names: dnsNames.every((name) => certificate.checkHost(name) === name),
    noOtherName: certificate.checkHost('other.example.com') === undefined,
    extendedKeyUsage: certificate.keyUsage.join() === SERVER_AUTH,
    notBefore: certificate.validFromDate.getTime() === notBefore.getTime(),
    notAfter: certificate.validToDate.getTime() === notAfter.getTime(),
    issuer: certificate.checkIssued(ca),
    signature: certificate.verify(ca.publicKey),
  };
}

function writePem(directory: string, file: string, pem: string): string {
  writeFileSync(join(directory, file), pem);
  return file;
}

/** @returns a line for each file */
function verifyWithOpenssl(directory: string, { ca, now }: SeriesCa, files: readonly string[]): string {
  writePem(directory, 'ca.crt', ca.certificatePem);
  const rules = ['-x509_strict', '-purpose', 'sslserver', '-CAfile', 'ca.crt'];
  const moment = ['-attime', String(now.getTime() / 1000)];
  return execFileSync('openssl', ['verify', ...rules, ...moment, ...files], {
    cwd: directory,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 ** 2,
  });
}
