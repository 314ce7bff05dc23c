import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  caExtensions,
  below,
  type ChainDraft,
  DAY_MS,
  deepBelow,
  NAME,
  NOW,
  root,
  toCase,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { dnsName, nameConstraints } from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t, { type Test } from 'tap';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import { createRenewerMetrics } from '../../src/metrics.ts';
import { runExternalCertificateMonitor } from '../../src/webhook-tls/external-certificate-monitor.ts';

const [serviceName = '', podNamespace = ''] = NAME.split('.');

/** As `cat` leaves files that lack a newline at their end. */
function glued(pem: string): string {
  return pem.trimEnd().replaceAll('-\n-', '--');
}

/** One look at a set that lies in files. */
async function look(test: Test, draft: ChainDraft, write: (pem: string) => string = (pem) => pem) {
  const set = toCase('', draft);
  const directory = test.testdir();
  for (const [name, pem] of Object.entries({
    'tls.crt': set.chain,
    'tls.key': set.key,
    'ca.crt': set.caBundle,
  }))
    writeFileSync(join(directory, name), write(pem));
  const lines: string[] = [];
  const registry = createMetricsRegistry();
  const destination = { write: (line: string) => void lines.push(line) };
  const clock = createFakeClock(NOW.getTime());
  const caBundle = createObservable('');
  const problem = createObservable('');
  const stop = new AbortController();
  const monitoring = runExternalCertificateMonitor(
    {
      clock,
      random: () => 1,
      logger: createLogger({ level: 'info', format: 'json', name: 'test', destination }),
      metrics: createRenewerMetrics(registry),
    },
    { tlsMode: 'existing-secret', tlsDir: directory, serviceName, podNamespace, caBundle, problem },
    stop.signal,
  );
  await caBundle.changedFrom('', { clock, withinMs: DAY_MS, signal: stop.signal });
  stop.abort();
  await monitoring;
  return {
    made: set.caBundle,
    published: caBundle.get(),
    problem: problem.get(),
    log: lines.join(''),
    metrics: registry.metrics(),
  };
}

t.test('files that cat glued are good, and caBundle is written so that Go reads it', async (t) => {
  const draft = deepBelow(root());
  const { published, log, made, metrics } = await look(t, draft, glued);
  t.equal(published, made);
  t.equal(log, '');
  t.match(await metrics, 'certificate_problems 0\n');
});

t.test('a set that Go refuses is a problem, with its reason', async (t) => {
  const constraints = nameConstraints({ excluded: [dnsName('svc')] });
  const draft = below(root({ extensions: [...caExtensions, constraints] }));
  const { log, metrics, problem } = await look(t, draft);
  t.match(problem, /the DNS name "hook\.apps\.svc" is excluded by the constraint.*Put tls\.crt/);
  t.match(log, /the DNS name \\"hook\.apps\.svc\\" is excluded by the constraint/);
  t.match(await metrics, 'certificate_problems 1\n');
});
