import { createServer } from 'node:http';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';
import t from 'tap';
import { createAnswers } from '../../src/http/answers.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import { recordLog } from '../support/webhook.ts';

t.test('an unexpected failure is logged and counted, and the answer quotes nothing of it', async (t) => {
  const registry = createMetricsRegistry();
  const { logger, lines } = recordLog();
  const answers = createAnswers({ metrics: createWebhookMetrics(registry), logger, isDraining: () => false });
  const server = createServer((_request, response) => answers.failure(response, new TypeError('of a defect')));
  const port = await listenOnLoopback(server);
  t.teardown(() => server.close());

  const response = await fetch(`http://127.0.0.1:${port}/`);

  t.equal(response.status, 500);
  t.equal(await response.text(), 'internal error; see the log of the webhook\n');
  t.match(lines, [/"err":\{"message":"of a defect"\}.*"request failed"/]);
  t.match(await registry.metrics(), 'admission_requests_total{result="error"} 1\n');
});
