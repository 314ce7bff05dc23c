import { generateRsaKeyPair } from '../../src/issue/key-pair.ts';
import t from 'tap';
import { createCa } from '../../src/issue/ca.ts';
import { certificateSetExpiry } from '../../src/verify/certificate-set-expiry.ts';
import { createServingCertificate } from '../../src/issue/serving-certificate.ts';
import { commonNameField, signCertificate } from '../../src/issue/signed-certificate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

const now = new Date('2026-06-01T12:00:00Z');
const keyPair = await generateRsaKeyPair();
const inDays = (days: number): Date => new Date(now.getTime() + days * DAY_MS);
const dnsNames = ['hook.apps.svc'];

t.test('a set ends with its serving certificate, whatever else the bundle holds', async (t) => {
  const caFor = async (commonName: string, days: number) =>
    createCa({ commonName, now, lifetimeMs: days * DAY_MS, keyPair });
  const [ca, retired] = await Promise.all([caFor('signs', 100), caFor('retired', 3)]);
  const service = { serviceName: 'hook', namespace: 'apps', lifetimeMs: 10 * DAY_MS };
  const serving = await createServingCertificate(ca, { ...service, now, keyPair });
  const caPem = retired.certificatePem + ca.certificatePem;
  t.strictSame(certificateSetExpiry({ ...serving, caPem, dnsNames, now }), inDays(10));
});

t.test('a set ends with its CA if that ends sooner', async (t) => {
  const issuer = [commonNameField('ca')];
  const template = { notBefore: now, issuer, publicKey: keyPair.publicKey };
  const caPem = await signCertificate(
    {
      ...template,
      serialNumber: '41',
      notAfter: inDays(5),
      subject: issuer,
      extensions: [{ name: 'basicConstraints', critical: true, cA: true }],
    },
    keyPair.privateKey,
  );
  const certificatePem = await signCertificate(
    {
      ...template,
      serialNumber: '42',
      notAfter: inDays(50),
      subject: [],
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'hook.apps.svc' }] }],
    },
    keyPair.privateKey,
  );
  const privateKeyPem = keyPair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  t.strictSame(certificateSetExpiry({ caPem, certificatePem, privateKeyPem, dnsNames, now }), inDays(5));
});
