import type { KubeClient, KubeRequest, ReducedRequest } from '@ecr-pull-secrets/kube/client.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { listPods } from '../../src/missed-pods/list-pods.ts';

/** An API server with pods that have many values each, and a client that reads them as the real one does. */
function clientOf(pods: readonly object[]) {
  const limits: unknown[] = [];
  const client: KubeClient = {
    request: async <T>(request: KubeRequest | ReducedRequest<T>): Promise<T> => {
      const { limit, continue: from = 0 } = request.query ?? {};
      limits.push(limit);
      const end = Number(from) + Number(limit);
      const metadata = { continue: end < pods.length ? String(end) : '' };
      const text = JSON.stringify({ metadata, items: pods.slice(Number(from), end) });
      try {
        if ('parse' in request) return request.parse(Buffer.from(text));
      } catch (error) {
        throw createError('ECRPS_KUBERNETES_UNREACHABLE', 'reading', error);
      }
      throw new Error('a whole list is never kept');
    },
    stream: () => Promise.reject(new Error('unused')),
    close: () => Promise.resolve(),
  };
  return { client, limits };
}

const list = (client: KubeClient, names: string[]) =>
  listPods(
    client,
    { namespace: undefined, reduce: ({ metadata }) => metadata.name, handle: (name) => names.push(name) },
    new AbortController().signal,
  );

t.test('pods are listed in pages', async (t) => {
  const { client, limits } = clientOf(
    Array.from({ length: 1_000 }, (_, index) => ({ metadata: { name: `p-${index}` } })),
  );
  const names: string[] = [];
  t.equal(await list(client, names), 1_000);
  t.equal(new Set(names).size, 1_000);
  t.same(limits, [100, 200, 400, 500]);
});

t.test('pods with more values than a page may have are read in smaller pages', async (t) => {
  // Anyone who creates pods can do that: each has 300,000 values, and 524,288 are read of a page.
  const imagePullSecrets = Array.from({ length: 300_000 }, () => ({}));
  const pod = (name: string) => ({ metadata: { name }, spec: { imagePullSecrets } });
  const { client, limits } = clientOf([pod('a'), pod('b')]);
  const names: string[] = [];
  t.equal(await list(client, names), 2);
  t.same(names, ['a', 'b']);
  t.equal(limits[0], 100);
  t.ok(limits.includes(1));
});

t.test('a pod with more values than are read is left out, and does not hide the others', async (t) => {
  // As many as etcd stores: each takes 5 bytes there, and an API server accepts them as YAML.
  const imagePullSecrets = Array.from({ length: 270_000 }, () => ({ name: 'a' }));
  const { client } = clientOf([
    { metadata: { name: 'before' } },
    { metadata: { name: 'hostile' }, spec: { imagePullSecrets } },
    { metadata: { name: 'after' } },
  ]);
  const names: string[] = [];
  t.equal(await list(client, names), 2);
  t.same(names, ['before', 'after']);
});
