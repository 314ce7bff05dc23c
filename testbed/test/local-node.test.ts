import t from 'tap';
import { testClosing, testNode } from './local-node/node.ts';
import { testLogs } from './local-node/logs.ts';
import { testProbes } from './local-node/probes.ts';
import { testRestarts } from './local-node/restarts.ts';
import { testRunning } from './local-node/running.ts';
import { testServices } from './local-node/services.ts';
import { testTermination } from './local-node/termination.ts';
import { testTokenRefresh, testVolumes } from './local-node/volumes.ts';
import { startWorld } from './local-node/world.ts';

const world = await startWorld();
t.teardown(() => world.close());

await t.test('pods', async (t) => {
  t.jobs = 8;
  testRunning(t, world);
  testVolumes(t, world);
  testProbes(t, world);
  testRestarts(t, world);
  testTermination(t, world);
  testNode(t, world);
  testLogs(t, world);
});
await t.test('Services', async (t) => testServices(t, world));
await t.test('a clock that moves', async (t) => testTokenRefresh(t, world));
await t.test('the end', async (t) => testClosing(t, world));
