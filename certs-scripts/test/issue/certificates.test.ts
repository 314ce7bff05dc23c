import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type SecureVersion } from 'node:tls';
import t from 'tap';
import { mergeBundles } from '../../src/verify/bundle.ts';
import { createCa, DEFAULT_CA_LIFETIME_MS } from '../../src/issue/ca.ts';
import { certificateDates, madeAtMs, renewAtMs } from '../../src/verify/certificate-dates.ts';
import { generateRsaKeyPair } from '../../src/issue/key-pair.ts';
import { createSerialNumber } from '../../src/issue/serial-number.ts';
import { createServingCertificate, DEFAULT_SERVING_LIFETIME_MS } from '../../src/issue/serving-certificate.ts';
import type { PemPair } from '../../src/verify/pem.ts';

const HOUR_MS = 60 * 60 * 1000;
const SERVICE = { serviceName: 'ecr-pull-secrets', namespace: 'registry' };
const CALLED_NAME = 'ecr-pull-secrets.registry.svc';

const keyPair = await generateRsaKeyPair();
const otherKeyPair = await generateRsaKeyPair();
const now = new Date(Math.floor(Date.now() / 1000) * 1000);
const ca = await createCa({ commonName: 'test', now, keyPair });
const serving = await createServingCertificate(ca, { ...SERVICE, now, keyPair });

/** One TLS connection: what the client was shown, or the code of its refusal. */
async function handshake(
  server: PemPair,
  caPem: string,
  servername: string,
  version: SecureVersion = 'TLSv1.3',
): Promise<string> {
  const { certificatePem: cert, privateKeyPem: key } = server;
  const listener = createServer({ cert, key }, (socket) => socket.end());
  listener.on('tlsClientError', () => undefined);
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    return await dial(listener.address(), caPem, servername, version);
  } finally {
    listener.close();
  }
}

async function dial(
  address: ReturnType<ReturnType<typeof createServer>['address']>,
  caPem: string,
  servername: string,
  version: SecureVersion,
): Promise<string> {
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client = connect({
    host: '127.0.0.1',
    port: address.port,
    ca: caPem,
    servername,
    minVersion: version,
    maxVersion: version,
  });
  try {
    await once(client, 'secureConnect');
    return client.getPeerX509Certificate()?.serialNumber ?? 'no certificate';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    client.destroy();
  }
}

t.test('a serial number is 16 bytes, positive and without padding, whatever chance gives', (t) => {
  for (const byte of [0x00, 0x01, 0x3f, 0x7f, 0x80, 0xff]) {
    const serialNumber = createSerialNumber(new Uint8Array(16).fill(byte));
    t.match(serialNumber, /^[4-7][0-9a-f]{31}$/, `from bytes ${byte}`);
  }
  t.not(createSerialNumber(), createSerialNumber(), 'two of them differ');
  t.end();
});

t.test('an RSA key pair is made beside the event loop', async (t) => {
  const pair = generateRsaKeyPair().then(() => 'pair');
  const turn = new Promise((resolve) => {
    setImmediate(resolve, 'turn of the loop');
  });
  t.equal(await Promise.race([pair, turn]), 'turn of the loop');
});

t.test('a CA has the fields that a verifier requires', async (t) => {
  const certificate = new X509Certificate(ca.certificatePem);
  t.equal(certificate.ca, true);
  t.match(certificate.subject, /^CN=test\nserialNumber=[0-9a-f]{32}$/);
  t.equal(certificate.validFromDate.getTime(), now.getTime() - HOUR_MS);
  t.equal(certificate.validToDate.getTime(), now.getTime() + DEFAULT_CA_LIFETIME_MS);
  t.match(ca.privateKeyPem, /^-----BEGIN PRIVATE KEY-----\n/);
  t.notMatch(ca.certificatePem, /\r/, 'lines end as everywhere');

  const next = await createCa({ commonName: 'test', now, keyPair });
  t.not(new X509Certificate(next.certificatePem).subject, certificate.subject, 'no two subjects');
});

t.test('a serving certificate is for the Service, for servers, and from the CA', (t) => {
  const certificate = new X509Certificate(serving.certificatePem);
  t.equal(
    certificate.subjectAltName,
    'DNS:ecr-pull-secrets, DNS:ecr-pull-secrets.registry, DNS:ecr-pull-secrets.registry.svc, ' +
      'DNS:ecr-pull-secrets.registry.svc.cluster.local',
  );
  t.strictSame(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'extended key usage serverAuth');
  t.equal(certificate.ca, false);
  t.equal(certificate.validToDate.getTime(), now.getTime() + DEFAULT_SERVING_LIFETIME_MS);
  t.equal(serving.certificatePem.split('BEGIN CERTIFICATE').length, 2, 'the CA is not sent along');
  t.end();
});

t.test('Node accepts a handshake with TLS 1.2 and 1.3 under every name', async (t) => {
  const { serialNumber } = new X509Certificate(serving.certificatePem);
  for (const name of [SERVICE.serviceName, CALLED_NAME, `${CALLED_NAME}.cluster.local`])
    t.equal(await handshake(serving, ca.certificatePem, name), serialNumber, name);
  t.equal(await handshake(serving, ca.certificatePem, CALLED_NAME, 'TLSv1.2'), serialNumber, 'TLS 1.2');
});

t.test('Node refuses another name and another CA, even of the same name', async (t) => {
  const other = await createCa({
    commonName: 'test',
    now,
    keyPair: otherKeyPair,
  });
  t.equal(await handshake(serving, ca.certificatePem, 'other.registry.svc'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  t.equal(await handshake(serving, other.certificatePem, CALLED_NAME), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

t.test('while two CAs are in one bundle, certificates of both are accepted', async (t) => {
  const next = await createCa({ commonName: 'test', now, keyPair: otherKeyPair });
  const nextServing = await createServingCertificate(next, { ...SERVICE, now, keyPair });
  const bundles = [
    mergeBundles(ca.certificatePem, [next.certificatePem]),
    mergeBundles(next.certificatePem, [ca.certificatePem]),
  ];
  for (const bundle of bundles)
    for (const server of [serving, nextServing])
      t.equal(await handshake(server, bundle, CALLED_NAME), new X509Certificate(server.certificatePem).serialNumber);
});

t.test('extra names are added once, and a name that TLS cannot carry is refused', async (t) => {
  const { certificatePem } = await createServingCertificate(ca, {
    ...SERVICE,
    extraDnsNames: ['hook.example.com', CALLED_NAME],
    now,
    keyPair,
  });
  t.match(new X509Certificate(certificatePem).subjectAltName, /, DNS:hook\.example\.com$/);

  for (const name of ['', 'späti.example.com', 'two words', 'a\0b'])
    await t.rejects(
      createServingCertificate(ca, { ...SERVICE, extraDnsNames: [name], now, keyPair }),
      { code: 'ECRPS_CERTIFICATE_INVALID' },
      JSON.stringify(name),
    );
});

t.test('a serving certificate never outlives its CA', async (t) => {
  const short = await createCa({
    commonName: 'short',
    now,
    lifetimeMs: 3 * HOUR_MS,
    keyPair,
  });
  const { certificatePem } = await createServingCertificate(short, { ...SERVICE, now, keyPair });
  t.equal(
    certificateDates(certificatePem).notAfter.getTime(),
    certificateDates(short.certificatePem).notAfter.getTime(),
  );
});

t.test('a CA may have any name', async (t) => {
  const named = await createCa({ commonName: 'Späth & Söhne_1', now, keyPair });
  const { certificatePem } = await createServingCertificate(named, { ...SERVICE, now, keyPair });
  t.match(new X509Certificate(certificatePem).issuer, /^CN=Späth & Söhne_1\n/);
});

t.test('a CA that cannot sign is refused with the reason', async (t) => {
  const junk: PemPair = { certificatePem: 'junk', privateKeyPem: 'junk' };
  await t.rejects(createServingCertificate(junk, { ...SERVICE, now, keyPair }), {
    code: 'ECRPS_CA_INVALID',
  });

  const afterItsEnd = new Date(now.getTime() + DEFAULT_CA_LIFETIME_MS + 1);
  await t.rejects(createServingCertificate(ca, { ...SERVICE, now: afterItsEnd, keyPair }), {
    code: 'ECRPS_CA_INVALID',
    message: /expired at/,
  });
});

t.test('renewal is due after two thirds of the span', (t) => {
  const spanMs = HOUR_MS + DEFAULT_SERVING_LIFETIME_MS;
  const startMs = now.getTime() - HOUR_MS;
  t.equal(renewAtMs(serving.certificatePem), startMs + (spanMs * 2) / 3);
  t.throws(() => renewAtMs('junk'), { code: 'ECRPS_CERTIFICATE_INVALID' });
  t.end();
});

t.test('renewal of a certificate of one minute is not due at once', async (t) => {
  const options = { ...SERVICE, now, lifetimeMs: 60_000, keyPair };
  const { certificatePem } = await createServingCertificate(ca, options);
  t.equal(renewAtMs(certificatePem), now.getTime() + 30_000);
});

t.test('dates beyond 2049, which are written in another form, are read back alike', async (t) => {
  const late = new Date('2049-12-31T23:00:00Z');
  const { certificatePem } = await createCa({
    commonName: 'late',
    now: late,
    keyPair,
  });
  t.equal(certificateDates(certificatePem).notBefore.toISOString(), '2049-12-31T22:00:00.000Z');
  t.equal(certificateDates(certificatePem).notAfter.toISOString(), '2050-12-31T23:00:00.000Z');
});

t.test('when a certificate was made can be read from its dates', async (t) => {
  for (const lifetimeMs of [10_000, 60_000, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 8_760 * HOUR_MS]) {
    const made = await createCa({ commonName: 'm', now, keyPair, lifetimeMs });
    t.equal(madeAtMs(made.certificatePem), now.getTime(), `${lifetimeMs} ms`);
  }
});

t.test('a lifetime that is no life is refused', async (t) => {
  for (const lifetimeMs of [Number.NaN, -1, Number.POSITIVE_INFINITY])
    await t.rejects(
      createCa({ commonName: 'test', now, lifetimeMs, keyPair }),
      { code: 'ECRPS_CERTIFICATE_INVALID' },
      String(lifetimeMs),
    );
});

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

t.test('OpenSSL accepts the set under its strict rules', { skip: !hasOpenssl }, (t) => {
  const directory = t.testdir({
    'ca.crt': ca.certificatePem,
    'tls.crt': serving.certificatePem,
  });
  const verified = spawnSync(
    'openssl',
    ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', CALLED_NAME].concat([
      '-CAfile',
      'ca.crt',
      'tls.crt',
    ]),
    { cwd: directory, encoding: 'utf8' },
  );
  t.equal(verified.stdout, 'tls.crt: OK\n', verified.stderr);
  t.end();
});
