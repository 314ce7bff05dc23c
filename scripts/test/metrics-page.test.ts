import { readFile } from 'node:fs/promises';
import { createRenewerMetrics } from '@ecr-pull-secrets/renewer/metrics.ts';
import { createWebhookMetrics } from '@ecr-pull-secrets/server/metrics.ts';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import { METRIC_PREFIX } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';

const PAGE = new URL('../../docs/monitoring.md', import.meta.url);

/** The table of the page: a name, who sets it, and its labels. */
const ROW = /^\| `(\w+)` \| (webhook|renewer|leader) \| (.*?) ?\|/gm;

t.test('the page has each metric of the code with its labels, and no other', async (t) => {
  const [renewer, webhook] = [createMetricsRegistry(), createMetricsRegistry()];
  createRenewerMetrics(renewer);
  createWebhookMetrics(webhook);
  const inCode = [renewer, webhook].flatMap((registry) =>
    registry.getMetricsAsArray().flatMap((metric) => {
      if (!metric.name.startsWith(METRIC_PREFIX)) return [];
      const labels: readonly string[] = Object(metric).labelNames ?? [];
      return `${metric.name.slice(METRIC_PREFIX.length)} ${labels.toSorted().join(' ')}`.trim();
    }),
  );
  const page = await readFile(PAGE, 'utf8');
  const onPage = [...page.matchAll(ROW)].map(([, name, , cell = '']) => {
    const labels = [...cell.matchAll(/`(\w+)`/g)].map(([, label = '']) => label);
    return `${name} ${labels.toSorted().join(' ')}`.trim();
  });
  t.ok(inCode.length > 20, `${inCode.length} metrics`);
  t.same(onPage.toSorted(), inCode.toSorted());
});
