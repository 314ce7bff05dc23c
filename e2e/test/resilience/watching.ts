import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Test } from 'tap';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { pathOf, SECRET } from '../support/pull-secret.ts';
import { playground } from './release.ts';

const NAMESPACES = ['one', 'two', 'three'];

/** The promise: no blind window is longer. */
const LONGEST_BLINDNESS_MS = 60_000;

const { api, cluster, node } = playground;

/** resourceVersion of each pull secret by namespace. */
async function versions(): Promise<ReadonlyMap<string, string>> {
  const secrets = await api.list<Secret>('/api/v1/secrets', {
    fieldSelector: `metadata.name=${SECRET}`,
  });
  return new Map(secrets.map(({ metadata }) => [metadata.namespace ?? '', metadata.resourceVersion ?? '']));
}

async function restarts(): Promise<number> {
  const pods = await api.list<Pod>('/api/v1/namespaces/ecr-pull-secrets/pods');
  return pods
    .flatMap(({ status }) => status?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** That the failure is over: a new namespace is served in time, and nothing else was touched. */
async function servesAfter(t: Test, name: string, fail: () => Promise<void>): Promise<void> {
  const before = await versions();
  await fail();
  const startMs = Date.now();
  // From a server that only just came back, this too may take a second attempt.
  await eventually('the namespace', () =>
    api.create('/api/v1/namespaces', { metadata: { name, labels: { [INJECT_LABEL]: 'enabled' } } }),
  );
  await eventually('its secret', () => api.get(pathOf(name)), LONGEST_BLINDNESS_MS);
  t.comment(`served after ${Date.now() - startMs} ms`);
  const after = await versions();
  for (const [namespace, version] of before) t.equal(after.get(namespace), version, namespace);
  t.equal(await restarts(), 0);
}

/** kube-apiserver of this cluster alone: its arguments name the cluster's folder. */
async function findApiServer(): Promise<number> {
  for (const pid of await readdir('/proc')) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const [command = ''] = commandLine.split('\0');
    if (command.endsWith('kube-apiserver') && commandLine.includes(cluster.directory)) {
      return Number(pid);
    }
  }
  throw new Error('there is no kube-apiserver');
}

/** Of both containers of both replicas, as the kubelet probes them. */
async function readProbes(): Promise<readonly string[]> {
  const pods = await api.list<Pod & { readonly status?: { readonly podIP?: string } }>(
    '/api/v1/namespaces/ecr-pull-secrets/pods',
  );
  return pods.flatMap(({ status }) => {
    const host = node.toLoopback(status?.podIP ?? '');
    return ['9402/readyz', '9402/livez', '9403/livez'].map((probe) => `http://${host}:${probe}`);
  });
}

/** The API server is away, and the renewers watch on when it is back. */
export async function testWatching(t: Test): Promise<void> {
  await Promise.all(NAMESPACES.map((name) => api.createNamespace(name)));
  await eventually('all secrets', async () => {
    assert.equal((await versions()).size, NAMESPACES.length);
  });

  t.test('after a restart of the API server all goes on, and no secret is written anew', (t) =>
    servesAfter(t, 'after-a-restart', () => cluster.restartApiServer()),
  );

  t.test('an API server that is silent for longer than the lease lasts, likewise', (t) =>
    servesAfter(t, 'after-the-silence', async () => {
      const probes = await readProbes();
      const pid = await findApiServer();
      process.kill(pid, 'SIGSTOP');
      await delay(20_000);
      const answers = await Promise.all(probes.map(async (url) => (await fetch(url)).status));
      process.kill(pid, 'SIGCONT');
      t.same(answers, [200, 200, 200, 200, 200, 200], 'nothing is unready or dead for that');
    }),
  );
}
