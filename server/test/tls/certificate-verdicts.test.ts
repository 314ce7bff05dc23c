import {
  caExtensions,
  below,
  type ChainCase,
  type ChainDraft,
  deepBelow,
  leafExtensions,
  leafNamed,
  NAME,
  NOW,
  root,
  toCase,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { NULL } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  basicConstraints,
  dnsName,
  extension,
  keyUsage,
  nameConstraints,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { watchCertificate } from '../../src/tls/certificate-watch.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import type { ServingCertificate } from '../../src/tls/serving-certificate.ts';
import { recordLog, switchFiles } from '../support/webhook.ts';

/** What the webhook makes of a set in files. */
async function look(test: Test, { chain, key, caBundle }: ChainCase) {
  const directory = test.testdir();
  switchFiles(directory, 'only', { 'tls.crt': chain, 'tls.key': key, 'ca.crt': caBundle });
  const used: ServingCertificate[] = [];
  const { logger, lines } = recordLog();
  const watch = watchCertificate(
    {
      clock: createFakeClock(NOW.getTime()),
      logger,
      metrics: createWebhookMetrics(createMetricsRegistry()),
      use: (certificate) => used.push(certificate),
    },
    { tlsDir: directory, serverName: NAME },
  );
  await watch.check();
  return { used, log: lines.join(''), problem: watch.problem() };
}

/** As `cat` leaves files that lack a newline at their end. */
function glued(pem: string): string {
  return pem.trimEnd().replaceAll('-\n-', '--');
}

t.test('files that cat glued are taken into use in a form that OpenSSL reads', async (t) => {
  const { caBundle, chain, key, ...rest } = toCase('glued', deepBelow(root()));
  const files = { caBundle: glued(caBundle + caBundle), chain: glued(chain), key: key.trimEnd() };
  const { used, problem } = await look(t, { ...rest, ...files });
  t.equal(problem, undefined);
  t.equal(used[0]?.certificatePem, chain);
});

t.test('what API servers would refuse is not taken, and the reason is logged', async (t) => {
  const constraints = nameConstraints({ excluded: [dnsName('svc')] });
  const critical = extension('1.2.3.4', NULL, { critical: true });
  const cases: readonly [ChainDraft, RegExp][] = [
    [
      below(root({ extensions: [...caExtensions, constraints] })),
      /the DNS name \\"hook\.apps\.svc\\" is excluded by the constraint \\"svc\\"/,
    ],
    [
      deepBelow(root({ extensions: [basicConstraints(true, 0), keyUsage(5)] })),
      /allows 0 intermediates below it, not 1/,
    ],
    [below(root(), { extensions: [...leafExtensions, critical] }), /does not handle: 1\.2\.3\.4/],
    // `X509Certificate.checkHost` takes it unless `partialWildcards` is false.
    [below(root(), { extensions: leafNamed(dnsName('ho*.apps.svc')) }), /the certificate is not for hook\.apps\.svc/],
  ];
  for (const [draft, reason] of cases) {
    await t.test(String(reason), async (t) => {
      const { used, log } = await look(t, toCase('', draft));
      t.match(log, reason);
      t.strictSame(used, []);
    });
  }
});

t.test('a ca.crt that is broken is called by its name', async (t) => {
  const good = toCase('', below(root()));
  const { problem } = await look(t, { ...good, caBundle: good.caBundle.replace('MII', '*') });
  t.match(problem, /the CA bundle cannot be read: certificate 1 is damaged/);
  t.notMatch(problem, 'the certificate cannot be read', 'tls.crt is good');
});
