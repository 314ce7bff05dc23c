import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { type Event, type Manifest, type Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { waitFor } from '../support/cron-job.ts';
import { warningsIn } from '../support/warnings.ts';
import { OLD_NAME } from '../support/old-tool.ts';
import { documentOf, pathOf, pullSecretsOf, SECRET } from '../support/pull-secret.ts';
import { startSingleRun } from '../support/single-run.ts';
import { playground, VALUES } from './release.ts';

const { api, client, cluster } = playground;
const { loginWith } = pullSecretsOf(playground);

/** A secret that is there before a namespace opts in, and who wrote it in turn. */
interface Case {
  readonly writes: readonly { readonly manager: string; readonly auths: Manifest }[];
  /** What becomes of its metadata afterwards. */
  readonly metadata?: Manifest;
}

function entry(username: string, more: Manifest = {}): Manifest {
  const auth = Buffer.from(`${username}:password`).toString('base64');
  return { username, password: 'password', auth, ...more };
}

const HUB = { 'https://index.docker.io/v1/': entry('me', { email: 'me@example.com' }) };

const ECR = { [`https://${REGISTRY}`]: entry('AWS'), [`${REGISTRY}/team/`]: entry('AWS') };

/** `DOCKER_REGISTRIES` of that tool may say anything, and so does a proxy that takes tokens of ECR. */
const PREDECESSORS = {
  'proxy.example.com': entry('AWS', { email: 'awsregrenew@demo.test' }),
  'https://a.example/b, https': entry('AWS', { email: 'awsregrenew@demo.test' }),
};

const OF_A_BACKUP = { labels: { 'velero.io/backup-name': 'b', 'velero.io/restore-name': 'r' } };

/** One entry without content makes the API server forget the owners of all fields. */
const WITHOUT_MANAGERS = { managedFields: [{}] };

/** What is in them is of no use, or the predecessor would replace it. */
const TAKEN_OVER: Readonly<Record<string, Case>> = {
  'ecr-by-hand': { writes: [{ manager: 'kubectl-create', auths: ECR }] },
  'nothing-in-it': { writes: [{ manager: 'kubectl-create', auths: {} }] },
  'of-the-predecessor': { writes: [{ manager: OLD_NAME, auths: HUB }] },
  'renewed-by-the-predecessor': {
    writes: [
      { manager: 'kubectl-create', auths: ECR },
      { manager: OLD_NAME, auths: HUB },
    ],
  },
  'of-the-predecessor-restored': {
    writes: [{ manager: 'velero-server', auths: PREDECESSORS }],
    metadata: OF_A_BACKUP,
  },
  'of-the-predecessor-without-managers': {
    writes: [{ manager: OLD_NAME, auths: PREDECESSORS }],
    metadata: WITHOUT_MANAGERS,
  },
  'ecr-without-managers': {
    writes: [{ manager: 'kubectl-create', auths: ECR }],
    metadata: WITHOUT_MANAGERS,
  },
};

const LEFT_ALONE: Readonly<Record<string, Case>> = {
  'hub-by-hand': { writes: [{ manager: 'kubectl-create', auths: HUB }] },
  'hub-beside-ecr': { writes: [{ manager: 'kubectl-create', auths: { ...ECR, ...HUB } }] },
  'hub-in-the-predecessors-place': {
    writes: [
      { manager: OLD_NAME, auths: PREDECESSORS },
      { manager: 'kubectl-edit', auths: HUB },
    ],
  },
  'hub-restored': { writes: [{ manager: 'velero-server', auths: HUB }], metadata: OF_A_BACKUP },
  'hub-without-managers': {
    writes: [{ manager: 'kubectl-create', auths: HUB }],
    metadata: WITHOUT_MANAGERS,
  },
  'almost-ecr': { writes: [{ manager: 'argocd', auths: { [`${REGISTRY}.cn`]: entry('AWS') } }] },
};

async function make(namespace: string, { writes, metadata }: Case): Promise<Secret> {
  await api.createNamespace(namespace, { injected: false });
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  for (const [index, { manager, auths }] of writes.entries()) {
    const text = JSON.stringify({ auths });
    const data = { '.dockerconfigjson': Buffer.from(text).toString('base64') };
    const body = { metadata: { name: SECRET }, type: 'kubernetes.io/dockerconfigjson', data };
    await client.request({
      ...(index === 0
        ? { method: 'POST', path }
        : {
            method: 'PATCH',
            path: `${path}/${SECRET}`,
            contentType: 'application/merge-patch+json',
          }),
      body,
      query: { fieldManager: manager },
    });
  }
  if (metadata) await api.merge(pathOf(namespace), { metadata });
  return api.get(pathOf(namespace));
}

/** Makes all cases, in namespaces whose names begin alike. */
async function makeAll(prefix: string): Promise<ReadonlyMap<string, Secret>> {
  const cases = Object.entries({ ...TAKEN_OVER, ...LEFT_ALONE });
  return new Map(
    await Promise.all(
      cases.map(async ([name, each]) => {
        const secret = await make(`${prefix}${name}`, each);
        return [name, secret] as const;
      }),
    ),
  );
}

async function isTakenOver(t: Test, namespace: string, before?: Secret): Promise<void> {
  const after = await eventually(`a token in ${namespace}`, async () => {
    const secret = await api.get<Secret>(pathOf(namespace));
    assert.equal(await loginWith(secret), 200);
    return secret;
  });
  t.equal(after.metadata.uid, before?.metadata.uid, namespace);
  t.equal(after.metadata.annotations?.['ecr-pull-secrets.io/origin'], 'adopted', namespace);
}

function eventsIn(namespace: string): Promise<readonly Event[]> {
  return warningsIn(api, namespace);
}

/** How often the renewer read the secret of one namespace; its watch names none. */
async function readsIn(namespace: string): Promise<number> {
  const lines = (await readFile(cluster.auditLogPath ?? '', 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ stage, verb, user, objectRef }) => {
      const isOurs = user.username === 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets';
      return (
        isOurs &&
        stage === 'ResponseComplete' &&
        objectRef?.resource === 'secrets' &&
        objectRef.namespace === namespace &&
        ['get', 'list'].includes(verb)
      );
    }).length;
}

/** Secrets of our name that belong to somebody else. The last test upgrades the release. */
export async function testForeignSecrets(t: Test): Promise<void> {
  const before = await makeAll('led-');

  t.test('a secret with nothing of use in it is taken over in place', async (t) => {
    await Promise.all(
      [...before.keys()].map((name) =>
        api.merge(`/api/v1/namespaces/led-${name}`, {
          metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
        }),
      ),
    );
    for (const name of Object.keys(TAKEN_OVER)) {
      await isTakenOver(t, `led-${name}`, before.get(name));
      t.same(await eventsIn(`led-${name}`), []);
    }
    t.equal(await readsIn('led-of-the-predecessor'), 0, 'its metadata say whose it is');
    t.equal(await readsIn('led-ecr-by-hand'), 1);
  });

  t.test('a secret with foreign credentials is left alone and reported once', async (t) => {
    for (const name of Object.keys(LEFT_ALONE)) {
      const namespace = `led-${name}`;
      const events = await eventually('an Event in the namespace', async () => {
        const found = await eventsIn(namespace);
        assert.equal(found.length, 1);
        return found;
      });
      t.match(events, [{ reason: 'PullSecretForeign', message: /has credentials for .*take-over/ }]);
      t.same(await api.get(pathOf(namespace)), before.get(name), name);
      t.equal(await readsIn(namespace), 1, name);
    }
    const pod = { spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] } };
    const { spec } = await api.createPod('led-hub-by-hand', pod);
    t.same(spec.imagePullSecrets, [{ name: SECRET }], 'pods have its name as ever');
  });

  t.test('a person may say that it be taken over, or do what makes it so', async (t) => {
    await api.merge(pathOf('led-hub-by-hand'), { metadata: { labels: { touched: 'yes' } } });
    await eventually('it was read again', async () => assert.equal(await readsIn('led-hub-by-hand'), 2));
    await api.merge(pathOf('led-hub-by-hand'), {
      metadata: { annotations: { 'ecr-pull-secrets.io/take-over': 'enabled' } },
    });
    await isTakenOver(t, 'led-hub-by-hand', before.get('hub-by-hand'));
    const text = JSON.stringify({ auths: ECR });
    await api.merge(pathOf('led-hub-beside-ecr'), {
      data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
    });
    await isTakenOver(t, 'led-hub-beside-ecr', before.get('hub-beside-ecr'));
    await api.remove(pathOf('led-hub-restored'));
    await eventually('one of ours', async () => {
      assert.equal(await loginWith(await api.get<Secret>(pathOf('led-hub-restored'))), 200);
    });
    t.equal((await eventsIn('led-hub-by-hand')).length, 1);
  });

  t.test('a single run goes by the same rule, and says so', async (t) => {
    const secrets = await makeAll('run-');
    const variables = { DOCKER_SECRET_NAME: SECRET, TARGET_NAMESPACE: 'run-*' };
    const first = await waitFor(startSingleRun(playground, variables));
    t.equal(first.exitCode, 2);
    for (const name of Object.keys(TAKEN_OVER)) {
      t.match(first.stdout, `[run-${name}]... success\n`);
      await isTakenOver(t, `run-${name}`, secrets.get(name));
    }
    for (const name of Object.keys(LEFT_ALONE)) {
      const line = first.stdout.split('\n').find((each) => each.includes(`[run-${name}]`));
      t.match(line, /failed: Secret "ecr-pull-secret" belongs to others: .*take-over=enabled/);
      t.same(await api.get(pathOf(`run-${name}`)), secrets.get(name), name);
    }
    t.match(first.stderr, /writing the secret failed in 6: run-almost-ecr, .*INCOMPLETE\]\n$/);
    const second = startSingleRun(playground, { ...variables, FOREIGN_SECRETS: 'take-over' });
    t.equal((await waitFor(second)).exitCode, 0);
    for (const [name, secret] of secrets) await isTakenOver(t, `run-${name}`, secret);
  });

  t.test('the setting takes them all over, after a restart', async (t) => {
    await playground.install({ ...VALUES, foreignSecrets: 'take-over' });
    const name = 'hub-in-the-predecessors-place';
    await isTakenOver(t, `led-${name}`, before.get(name));
    t.notMatch(documentOf(await api.get(pathOf(`led-${name}`))), /docker\.io/);
  });
}
