import t from 'tap';
import { readFirstPods } from '../../src/cluster/first-pods.ts';
import { clientWith } from '../support/client.ts';
import { REGISTRY } from '../explain/support/world.ts';

t.test('pods are listed by pages, up to a number, and only what decides is kept', async (t) => {
  const queries: unknown[] = [];
  const client = clientWith(({ query }) => {
    queries.push(query?.['continue']);
    const items = Array.from({ length: Number(query?.['limit']) }, (_, index) => podOf(index));
    return { metadata: { continue: 'more' }, items };
  });
  const pods = await readFirstPods(client, 'payments', 250);
  t.equal(pods.length, 250);
  t.same(queries, [undefined, 'more']);
  t.same(pods[0], {
    metadata: { name: 'p0', labels: { app: 'x' } },
    spec: { imagePullSecrets: [{ name: 'mine' }], containers: [{ image: `${REGISTRY}/app:1` }] },
  });
  t.same(pods[1]?.metadata.annotations, { 'kubernetes.io/config.mirror': '' });
});

function podOf(index: number) {
  const mirror = index % 2 === 1 ? { 'kubernetes.io/config.mirror': 'hash' } : {};
  return {
    metadata: { name: `p${index}`, labels: { app: 'x' }, annotations: { large: 'x'.repeat(100), ...mirror } },
    spec: { imagePullSecrets: [{ name: 'mine' }], containers: [{ image: `${REGISTRY}/app:1`, env: [{ name: 'A' }] }] },
  };
}
