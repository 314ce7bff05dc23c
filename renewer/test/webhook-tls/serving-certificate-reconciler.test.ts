import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { observeCaSecret } from '../../src/webhook-tls/ca-status.ts';
import { createCaStore } from '../../src/webhook-tls/ca-store.ts';
import { seenSince } from '../../src/webhook-tls/published-ca-bundle.ts';
import {
  runServingCertificateReconciler,
  servingCertificateDueMs,
} from '../../src/webhook-tls/serving-certificate-reconciler.ts';

const DAY_MS = 86_400_000;
const encode = (text: string): string => Buffer.from(text).toString('base64');
const silent = { level: 'silent', format: 'json', name: 'test' } as const;

t.test('a serving certificate follows the clock, which may jump while timers stand still', async (t) => {
  const directory = t.testdir();
  const base = createFakeClock();
  let jumpMs = 0;
  const now = (): number => base.now() + jumpMs;
  const made = await createCa({ commonName: 't', now: new Date(now()) });
  const data = { 'tls.crt': encode(made.certificatePem), 'tls.key': encode(made.privateKeyPem) };
  const ca = createCaStore();
  ca.observed.set(observeCaSecret({ metadata: { name: 's' }, data }));
  const stop = new AbortController();
  const reconciling = runServingCertificateReconciler(
    {
      clock: { ...base, now },
      random: () => 1,
      logger: createLogger(silent),
      metrics: createRenewerMetrics(createMetricsRegistry()),
    },
    {
      ca,
      serviceName: 's',
      namespace: 'n',
      directory,
      lifetimeMs: 7 * DAY_MS,
      trustPropagationMs: 60_000,
    },
    stop.signal,
  );
  const served = async (): Promise<string> => readFile(join(directory, 'tls.crt'), 'utf8').catch(() => '');
  let before = '';
  const another = async (): Promise<X509Certificate> => {
    let pem = before;
    // A new key takes real time, and so does the way of the reconciler back to its sleep.
    for (let turn = 0; turn < 2_000 && (pem === before || pem === ''); turn++) {
      await delay(5);
      await base.advance(1_000);
      pem = await served();
    }
    t.not(pem, before);
    before = pem;
    return new X509Certificate(pem);
  };
  await another();

  await base.advance(60_000);
  t.equal(await served(), before, 'there is no reason for another one');

  // As after a machine was suspended: the clock is far ahead, and no timer knew.
  jumpMs = 6 * DAY_MS;
  await base.advance(30_000);
  const ahead = await another();
  t.ok(ahead.validToDate.getTime() > base.now() + 12 * DAY_MS);

  // As after a wrong clock was corrected: what was signed is not valid for days.
  jumpMs = 0;
  await base.advance(30_000);
  const corrected = await another();
  t.ok(corrected.validFromDate.getTime() < now());
  stop.abort();
  await base.advance(0);
  await reconciling;
});

t.test('another CA signs once it was trusted for the trust propagation', async (t) => {
  const issued = { caPem: 'old', notBeforeMs: 0, renewAtMs: 600_000, notAfterMs: 900_000 };
  const dueMs = (nowMs: number, caPem: string, trustedSinceMs: number): number =>
    servingCertificateDueMs(issued, {
      nowMs,
      caPem,
      trustedSinceMs,
      trustPropagationMs: 60_000,
    });

  t.equal(dueMs(100_000, 'old', 0), 600_000, 'the one that signed it: at two thirds of its life');
  t.equal(dueMs(100_000, 'new', 100_000), 160_000, 'from a backup: API servers have to read it first');
  t.ok(dueMs(100_000, 'new', 30_000) <= 100_000, 'in a rotation they have read it: at once');
  t.equal(dueMs(880_000, 'new', 880_000), 900_000, 'no longer than the one in use is valid');
  const [corrected] = seenSince(new Map([['new', 500_000]]), ['new'], 100_000).values();
  t.equal(dueMs(160_000, 'new', corrected ?? 0), 160_000, 'a clock set back: one trust propagation again');
  t.equal(dueMs(-1, 'old', 0), -1, 'one that is not valid yet: at once');
  const first = { nowMs: 5, caPem: 'new', trustedSinceMs: 5, trustPropagationMs: 60_000 };
  t.equal(servingCertificateDueMs(undefined, first), 5, 'the first one: at once');
});
