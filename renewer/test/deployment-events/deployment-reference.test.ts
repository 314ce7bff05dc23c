import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';
import t from 'tap';
import { createDeploymentReference } from '../../src/deployment-events/deployment-reference.ts';

t.test('the UID of the Deployment is read anew for each Event, and an Event without it is still one', async (t) => {
  const api = await startApiStandIn();
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  t.teardown(async () => {
    await client.close();
    await api.close();
  });
  const { signal } = new AbortController();
  const reference = createDeploymentReference({ client }, { namespace: 'home', name: 'ours' }, signal);
  const object = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'ours' };
  for (const uid of ['first', 'second']) {
    const found = reference();
    const exchange = await api.next();
    t.equal(exchange.url.pathname, '/apis/apps/v1/namespaces/home/deployments/ours');
    exchange.json({ metadata: { name: 'ours', uid } });
    t.same(await found, { ...object, uid });
  }
  const found = reference();
  (await api.next()).refuse(403);
  t.same(await found, { ...object, uid: undefined });
});
