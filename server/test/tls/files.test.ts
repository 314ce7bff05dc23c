import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock, type FakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { watchCertificate } from '../../src/tls/certificate-watch.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import { readTlsFiles, type TlsFiles } from '../../src/tls/serving-certificate.ts';
import { issue, recordLog, switchFiles } from '../support/webhook.ts';

const HOUR_MS = 60 * 60 * 1000;

function writePair(directory: string, { certificatePem, privateKeyPem }: PemPair): void {
  writeFileSync(join(directory, 'tls.crt'), certificatePem);
  writeFileSync(join(directory, 'tls.key'), privateKeyPem);
}

function startWatch(test: Test, clock: FakeClock = createFakeClock(Date.now()), serverName?: string) {
  const directory = test.testdir();
  const registry = createMetricsRegistry();
  const log = recordLog();
  const used: TlsFiles[] = [];
  const watch = watchCertificate(
    {
      clock,
      logger: log.logger,
      metrics: createWebhookMetrics(registry),
      use: ({ files }) => used.push(files),
    },
    { tlsDir: directory, serverName },
  );
  return {
    directory,
    clock,
    watch,
    used,
    log: log.lines,
    metrics: () => registry.metrics(),
  };
}

t.test('a certificate is taken once, and another when the files change', async (t) => {
  const { directory, watch, used, metrics } = startWatch(t);
  await watch.check();
  t.equal(used.length, 0);
  t.equal(watch.problem(), undefined, 'files that are not there yet are no problem');
  t.notMatch(await metrics(), /^\w+_not_after_timestamp_seconds/m, 'no expiry before it is known');

  const first = await issue({ lifetimeMs: HOUR_MS });
  writePair(directory, first);
  await watch.check();
  await watch.check();
  t.match(used, [first]);
  const notAfter = Number(/tls_leaf_not_after_timestamp_seconds (\d+)/.exec(await metrics())?.[1]);
  t.ok(Math.abs(notAfter * 1000 - Date.now() - HOUR_MS) < 60_000);

  const second = await issue();
  writePair(directory, second);
  await watch.check();
  t.match(used, [first, second]);
  t.match(await metrics(), 'tls_reloads_total{result="success"} 2\n');
  t.match(await metrics(), 'tls_reloads_total{result="failure"} 0\n');
});

t.test('a certificate that does not come is logged, unlike one that has still time to come', async (t) => {
  const { clock, watch, log, metrics } = startWatch(t);
  await watch.check();
  await clock.advance(29_000);
  await watch.check();
  t.same(log, []);
  t.match(await metrics(), 'tls_certificate_ok 0\n');
  await clock.advance(2_000);
  await watch.check();
  await watch.check();
  t.equal(log.length, 1);
  t.match(log[0], /there is no usable serving certificate yet/);
  t.match(watch.problem(), /ENOENT/);
  t.match(await metrics(), 'tls_reloads_total{result="failure"} 0\n', 'nothing was lost');
});

t.test('a certificate that callers would refuse is not taken: of another name, or of no CA in ca.crt', async (t) => {
  const { directory, watch, used, log } = startWatch(t, createFakeClock(Date.now()), 'other.svc');
  writePair(directory, await issue());
  await watch.check();
  t.match(log.at(-1), /the certificate is not for other\.svc/);
  const byName = startWatch(t, createFakeClock(Date.now()), 'ecr-pull-secrets.ecr-pull-secrets.svc');
  const foreign = await createCa({ commonName: 'foreign', now: new Date() });
  writePair(byName.directory, await issue());
  writeFileSync(join(byName.directory, 'ca.crt'), foreign.certificatePem);
  await byName.watch.check();
  t.match(byName.log.at(-1), /no CA of the bundle signed the certificate/);
  t.same([...used, ...byName.used], []);
  rmSync(join(byName.directory, 'ca.crt'));
  await byName.watch.check();
  t.equal(byName.used.length, 1, 'without ca.crt the chain is not judged');
});

t.test('a certificate that is not valid yet since the clock was set back shows', async (t) => {
  const { directory, clock, watch, metrics } = startWatch(t);
  await clock.advance(24 * HOUR_MS);
  writePair(directory, await issue({ nowMs: clock.now() }));
  await watch.check();
  const back = startWatch(t, createFakeClock(clock.now() - 24 * HOUR_MS));
  t.match(await metrics(), 'tls_certificate_ok 1\n');
  writePair(back.directory, await issue({ nowMs: clock.now() }));
  await back.watch.check();
  t.match(await back.metrics(), 'tls_certificate_ok 0\n');
  t.match(back.log.at(-1), /is not valid before/);
});

t.test('a certificate that expires in use stays in use, and shows', async (t) => {
  const { directory, clock, watch, used, log, metrics } = startWatch(t);
  const first = await issue({ lifetimeMs: HOUR_MS });
  writePair(directory, first);
  await watch.check();
  t.match(await metrics(), 'tls_certificate_ok 1\n');
  await clock.advance(HOUR_MS + 1_000);
  await watch.check();
  await watch.check();
  t.equal(log.filter((line) => /the certificate in use expired at/.test(line)).length, 1);
  t.match(await metrics(), 'tls_certificate_ok 0\n');
  t.match(used, [first]);
  writePair(directory, await issue({ nowMs: clock.now() - HOUR_MS / 2, lifetimeMs: 2 * HOUR_MS }));
  await watch.check();
  t.equal(used.length, 2);
  t.match(await metrics(), 'tls_certificate_ok 1\n');
});

t.test('a bad pair never replaces a good one, and each problem is logged once', async (t) => {
  const { directory, watch, used, log, metrics } = startWatch(t);
  const good = await issue();
  writePair(directory, good);
  await watch.check();

  const other = await issue({ freshKey: true });
  const { certificatePem, privateKeyPem } = other;
  const [, keyText = ''] = privateKeyPem.split('\n');
  const bad: Readonly<Record<string, PemPair>> = {
    'the private key does not belong to the certificate': { ...good, certificatePem },
    'the certificate cannot be read: it must be PEM blocks': { certificatePem: 'x', privateKeyPem },
    'the private key cannot be read: it must be an unencrypted PEM block': {
      certificatePem,
      privateKeyPem: keyText,
    },
    'the certificate expired at ': await issue({
      nowMs: Date.now() - HOUR_MS / 2,
      lifetimeMs: HOUR_MS / 4,
    }),
  };
  let logged = log.length;
  for (const [problem, pair] of Object.entries(bad)) {
    writePair(directory, pair);
    await watch.check();
    await watch.check();
    t.match(watch.problem(), problem);
    t.equal(log.length, ++logged, `${problem}: one line for two reads`);
    t.match(log.at(-1), problem);
  }
  rmSync(join(directory, 'tls.key'));
  await watch.check();
  t.match(watch.problem(), 'ENOENT', 'a file that vanishes later is a problem');
  t.match(await metrics(), `tls_reloads_total{result="failure"} ${2 * Object.keys(bad).length + 1}`);
  t.match(used, [good]);
  t.notMatch(log.join(''), keyText, 'no key in the log');

  writePair(directory, other);
  await watch.check();
  t.equal(watch.problem(), undefined);
  t.match(used, [good, other]);
});

t.test('a certificate that is not valid yet is taken when its time comes', async (t) => {
  const clock = createFakeClock(Date.now() - 3 * HOUR_MS);
  const { directory, watch, used } = startWatch(t, clock);
  writePair(directory, await issue());
  await watch.check();
  t.match(watch.problem(), 'the certificate is not valid before');

  await clock.advance(3 * HOUR_MS);
  await watch.check();
  t.equal(used.length, 1);
});

t.test('certificate and key always come from one generation of the files', async (t) => {
  const directory = t.testdir();
  switchFiles(directory, '0', { 'tls.crt': 'c0', 'tls.key': 'k0' });
  // As kubelet lays it out: fixed names that lead through the link.
  for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(directory, name));

  let mixed = 0;
  for (let generation = 1; generation <= 100; generation++) {
    // Many reads at once keep the file system's threads busy, so that the switch falls among them.
    const reading = Array.from({ length: 20 }, () => readTlsFiles(directory));
    for (let step = 0; step < generation % 10; step++) await new Promise(setImmediate);
    const files = { 'tls.crt': `c${generation}`, 'tls.key': `k${generation}` };
    switchFiles(directory, String(generation), files);
    for (const { certificatePem, privateKeyPem } of await Promise.all(reading)) {
      if (certificatePem.slice(1) !== privateKeyPem.slice(1)) mixed++;
    }
  }
  t.equal(mixed, 0);
});
