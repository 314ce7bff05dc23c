import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** One cluster for the scenarios in this folder: each start with the chart installed costs 10 s of CPU. */
export const playground = await startPlayground({
  restartBackOff: { baseMs: 500, capMs: 4_000 },
});
t.teardown(() => playground.close());
// Made before the release, so that the API server itself judges the chart's pods.
await playground.api.create('/api/v1/namespaces', {
  metadata: {
    name: 'ecr-pull-secrets',
    labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
  },
});
await playground.install();
