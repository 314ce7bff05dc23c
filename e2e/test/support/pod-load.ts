import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { withoutSpawnHooks } from '@ecr-pull-secrets/testbed/local-node/containers/spawn-hooks.ts';
import { REGISTRY, type Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { countFailOpen, reasonsOfFailOpen } from '@ecr-pull-secrets/testbed/testing/api-server-metrics.ts';
import { type LoadReport, type LoadSettings, STARTED } from './pod-load-process.ts';
import { SECRET } from './pull-secret.ts';

/**
 * The least that counts as load. Each pod costs 20 ms of CPU in all: in a whole `npm test`, 10 a second were 70 s of
 * it. `npm run test:load` creates 10 a second.
 */
const PER_SECOND = Number(process.env['PODS_PER_SECOND'] ?? 5);

const PROGRAM = fileURLToPath(new URL('../fixtures/pod-load.ts', import.meta.url));

/** The namespace of the pods; a test that wants a load makes it. */
export const LOADED_NAMESPACE = 'load';

/** Lets something happen while a process of its own creates pods all the time. */
export async function underLoad(
  { cluster }: Playground,
  action: () => Promise<void>,
  leastPerSecond = PER_SECOND,
): Promise<LoadReport> {
  const settings: LoadSettings = {
    serverUrl: cluster.serverUrl,
    ca: cluster.caPem,
    token: cluster.adminToken,
    namespace: LOADED_NAMESPACE,
    image: `${REGISTRY}/team/app:1`,
    secret: SECRET,
    perSecond: leastPerSecond * 1.1,
  };
  const child = withoutSpawnHooks(() =>
    spawn(process.execPath, [PROGRAM], {
      env: { ...process.env, POD_LOAD: JSON.stringify(settings) },
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  // The process takes a second to come up, and what happens must not be over by then.
  await once(child.stdout, 'readable');
  const output = text(child.stdout);
  try {
    await action();
  } finally {
    child.stdin.end();
  }
  const report: LoadReport = JSON.parse((await output).slice(STARTED.length));
  assert.ok(report.perSecond >= leastPerSecond, `only ${report.perSecond} pods a second`);
  return report;
}

/** Lets something happen under load that no pod and no call of the API server is to notice. */
export async function unnoticed(
  t: Test,
  playground: Playground,
  action: () => Promise<void>,
  leastPerSecond?: number,
): Promise<LoadReport> {
  const failOpenBefore = await countFailOpen(playground.cluster);
  const report = await underLoad(playground, action, leastPerSecond);
  const { asked, injected, perSecond, slowestMs } = report;
  t.same(report.refusals, [], 'no pod was refused');
  t.equal(injected, asked, `all of ${asked} pods were injected`);
  const failed = (await countFailOpen(playground.cluster)) - failOpenBefore;
  t.same(failed === 0 ? [] : await reasonsOfFailOpen(playground.cluster), [], 'no call failed');
  t.comment(`${asked} pods, ${perSecond.toFixed(1)}/s, slowest ${slowestMs} ms`);
  return report;
}
