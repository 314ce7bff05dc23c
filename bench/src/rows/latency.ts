import { METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { NAMESPACES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import { inWorld, namespaceCount, type World, writeByGo, writeByRenewer } from '../cluster/contestants.ts';
import { startDelayingProxy } from '../cluster/delaying-proxy.ts';
import type { GoRequest } from '../cluster/go-client.ts';
import { applyRequestLike, createNamespaces } from '../cluster/namespaces.ts';
import { alternate } from '../measure/alternate.ts';
import { compare } from '../measure/statistics.ts';
import type { Result, Row } from '../row.ts';

const DELAY_MS = 10;

/** Enough for a rate: the client that sends one request after another needs 5 s for them. */
const ONE_BY_ONE = 100;

/** Of what other rows have, so that this row takes two minutes. */
const SHARE = 1 / 2;

/** An API server that is far away. */
export const latency: Row = {
  name: 'latency',
  work: `the first secrets of labelled namespaces, with ${DELAY_MS} ms more to the API server and back each`,
  limit: 'the renewer without the delay',
  seconds: 60,
  measure: (bench) =>
    inWorld(bench, async (world) => {
      const proxy = await startDelayingProxy(world.cluster.serverUrl, DELAY_MS);
      try {
        return await measureThrough(world, proxy.url);
      } finally {
        await proxy.close();
      }
    }),
};

async function measureThrough(world: World, serverUrl: string): Promise<readonly Result[]> {
  const count = namespaceCount(world.bench) * SHARE;
  let run = 0;
  const fill = async (settings: { readonly serverUrl?: string }): Promise<number> => {
    const group = `run-${run++}`;
    await createNamespaces(world, group, count);
    return (await writeByRenewer(world, count, { group, ...settings })).perSecond;
  };
  const { delayed, direct } = await alternate(world.bench.isFull ? 1 : 3, {
    delayed: () => fill({ serverUrl }),
    direct: () => fill({}),
  });
  const oneByOne = await twoRequestsEach(world, serverUrl);
  const what = `${count.toLocaleString('en')} namespaces`;
  const unit = 'secrets a second';
  return [
    { what, unit, ...compare(delayed, direct), target: { of: 'ratio', is: 'at least', value: 0.8 } },
    {
      what,
      unit,
      limitName: 'a client that sends two requests for each namespace, one after another, with the delay',
      ...compare(
        delayed,
        delayed.map(() => oneByOne),
      ),
      target: { of: 'ratio', is: 'at least', value: 10 },
    },
  ];
}

/** What a simple renewer does: it reads something of a namespace, then it writes, then comes the next namespace. */
async function twoRequestsEach(world: World, server: string): Promise<number> {
  const names = await createNamespaces(world, 'one-by-one', ONE_BY_ONE);
  const apply = await applyRequestLike(world.cluster, 'run-0-0', { creates: true });
  const read: GoRequest = {
    method: 'GET',
    path: `${NAMESPACES_PATH}/{{name}}`,
    contentType: '',
    accept: METADATA_ONLY,
    body: '',
  };
  const requests = [read, apply];
  return (await writeByGo(world, { names, requests, concurrency: 1, token: world.cluster.adminToken, server }))
    .perSecond;
}
