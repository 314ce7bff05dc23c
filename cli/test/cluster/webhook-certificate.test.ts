import { once } from 'node:events';
import { createServer } from 'node:tls';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import t from 'tap';
import { readWebhookCertificate } from '../../src/cluster/read-webhook-certificate.ts';
import { certificateProblemIn, certificateProblems } from '../../src/cluster/webhook-certificate.ts';
import { clientWith } from '../support/client.ts';
import { WEBHOOK } from '../explain/support/world.ts';

const NOW = new Date('2026-11-30T12:00:00Z');
const RELEASE = { name: 'ecr', namespace: 'tools', helmName: 'ecr' };
const [ca, other] = await Promise.all([
  createCa({ commonName: 'ours', now: NOW }),
  createCa({ commonName: 'another', now: NOW }),
]);
const names = { serviceName: 'ecr', namespace: 'tools', now: NOW, lifetimeMs: 3_600_000 };
const { certificatePem, privateKeyPem } = await createServingCertificate(ca, names);

function problemsOf(caPem: string, { dnsName = 'ecr.tools.svc', hours = 0, kind = 'chain' } = {}) {
  const pem = kind === 'chain' ? certificatePem : ca.certificatePem;
  const call = { caBundle: encode(caPem), dnsName, nowMs: NOW.getTime() + hours * 3_600_000 };
  return certificateProblems({ kind: kind === 'chain' ? 'chain' : 'ca', pem }, call).join();
}

t.test('a caBundle of another CA and an expired certificate are named as such', async (t) => {
  t.equal(problemsOf(ca.certificatePem), '');
  t.match(problemsOf(other.certificatePem), /^the caBundle is wrong: no CA of the bundle signed the certificate/);
  t.match(problemsOf('no PEM'), /^the caBundle is wrong: .* cannot be read/);
  t.match(
    problemsOf(ca.certificatePem, { hours: 2 }),
    /^the certificate of the webhook is not valid: .* expired at 2026-11-30T13/,
  );
  t.match(problemsOf(ca.certificatePem, { dnsName: 'ecr.other.svc' }), /is not valid: .* is not for ecr\.other\.svc/);
  t.equal(problemsOf(other.certificatePem + ca.certificatePem, { kind: 'ca' }), '');
  t.match(problemsOf(other.certificatePem, { kind: 'ca' }), /^the caBundle is wrong: it does not contain the CA/);
});

t.test('the words of an API server are recognised', async (t) => {
  const call = 'failed calling webhook "inject.ecr-pull-secrets.io": failed to call webhook: Post "https://x": tls: ';
  const cases = [
    [
      'failed to verify certificate: x509: certificate signed by unknown authority',
      'the caBundle is wrong: certificate signed by unknown authority',
    ],
    [
      'failed to verify certificate: x509: certificate has expired or is not yet valid: current time X is after Y',
      'the certificate of the webhook is not valid: certificate has expired or is not yet valid: current time X is after Y',
    ],
    [
      'x509: certificate is valid for a, not b',
      'the certificate of the webhook is not accepted: certificate is valid for a, not b',
    ],
    ['handshake failure', undefined],
  ] as const;
  for (const [words, expected] of cases) t.equal(certificateProblemIn(call + words), expected);
});

t.test('the certificate is read from the webhook itself, else from the Secret', async (t) => {
  const server = createServer({ cert: certificatePem, key: privateKeyPem });
  const port = await listenOnLoopback(server);
  const webhook = { ...WEBHOOK, clientConfig: { service: { name: 'ecr', namespace: 'tools', port } } };
  const responses: Record<string, unknown> = {
    '/api/v1/namespaces/tools/services/ecr': { spec: { clusterIP: '127.0.0.1' } },
    '/api/v1/namespaces/tools/secrets/ecr-ca': { data: { 'tls.crt': encode('of the CA'), 'tls.key': encode('key') } },
    '/api/v1/namespaces/tools/secrets/mine': { data: { 'tls.crt': encode('of the Secret') } },
  };
  const client = clientWith(({ path }) => responses[path]);
  const found = await readWebhookCertificate(client, { webhook, release: RELEASE, deployment: undefined });
  t.match(found, { found: { kind: 'chain', pem: certificatePem.trim() } });

  server.close();
  await once(server, 'close');
  const stored = await readWebhookCertificate(client, { webhook, release: RELEASE, deployment: undefined });
  t.same(stored, { found: { kind: 'ca', pem: 'of the CA' } });
  const volumes = [{ name: 'tls', secret: { secretName: 'mine' } }];
  const deployment = { spec: { template: { spec: { containers: [], volumes } } } };
  const mounted = await readWebhookCertificate(client, { webhook, release: RELEASE, deployment });
  t.same(mounted, { found: { kind: 'chain', pem: 'of the Secret' } });
});

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
