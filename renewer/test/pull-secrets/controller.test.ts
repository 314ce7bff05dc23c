import t from 'tap';
import type { Write } from '../support/pull-secret-api.ts';
import { labelled, startPullSecretWorld } from '../support/pull-secret-world.ts';

function forbid({ exchange }: Write, details: object): void {
  exchange.json({ kind: 'Status', reason: 'Forbidden', message: 'no', details }, 403);
}

t.test('a namespace that is being deleted is no problem, others that refuse are', async (t) => {
  const world = await startPullSecretWorld(t, {
    namespaces: [labelled('terminating'), labelled('full')],
  });
  const causes = [{ reason: 'NamespaceTerminating' }];
  world.onWrite((write) => forbid(write, write.namespace === 'terminating' ? { causes } : {}));
  await world.pass(5_000);
  t.same(
    world.events.map(({ namespace }) => namespace),
    ['full'],
  );
  t.notMatch(world.warnings.join(''), /terminating/);
});
