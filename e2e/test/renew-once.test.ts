import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import t from 'tap';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { HOME, startCronJob, subjectOf, waitFor } from './support/cron-job.ts';
import { documentOf, pathOf, pullSecretsOf } from './support/pull-secret.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** Has what the old chart's ClusterRole gives. */
const ACCOUNT = 'k8s-ecr-login-renew-account';

/** The old tool's own tests have ten namespaces of such names, its own among them. */
const TEN = [HOME, ...[1, 11, 12, 13, 2, 21, 22, 23, 3].map((n) => `test-ecr-renew-ns${n}`)];

const job = await startCronJob();
t.teardown(() => job.close());
const { api, ecr, cluster } = job;
const { loginWith } = pullSecretsOf(job);

await job.createAccount(ACCOUNT);
await api.create(`${RBAC}/clusterroles`, {
  metadata: { name: 'k8s-ecr-login-renew-role' },
  rules: [
    { apiGroups: [''], resources: ['namespaces'], verbs: ['list'] },
    {
      apiGroups: [''],
      resources: ['secrets', 'serviceaccounts', 'serviceaccounts/token'],
      verbs: ['delete', 'create', 'patch', 'get', 'update'],
    },
  ],
});
await api.create(`${RBAC}/clusterrolebindings`, {
  metadata: { name: 'k8s-ecr-login-renew-binding' },
  roleRef: {
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'ClusterRole',
    name: 'k8s-ecr-login-renew-role',
  },
  subjects: [subjectOf(ACCOUNT)],
});
await Promise.all(
  TEN.filter((name) => name !== HOME).map((name) => api.create('/api/v1/namespaces', { metadata: { name } })),
);

async function namespacesWith(secretName: string): Promise<readonly string[]> {
  const query = { fieldSelector: `metadata.name=${secretName}` };
  const secrets = await api.list<Secret>('/api/v1/secrets', query);
  return secrets.map(({ metadata }) => metadata.namespace ?? '');
}

/** Verbs, resources and namespaces that a run of an account requested from the API server. */
async function requestsOf(account: string): Promise<readonly string[]> {
  const lines = (await readFile(cluster.auditLogPath ?? '', 'utf8')).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line))
    .filter(({ stage, user }) => stage === 'ResponseComplete' && user.username.endsWith(`:${account}`))
    .map(({ verb, objectRef }) => `${verb} ${objectRef.resource} ${objectRef.namespace ?? ''}`.trim());
}

interface Case {
  readonly target?: string;
  readonly exclude?: string;
  /** In the order of the lines. */
  readonly written: readonly string[];
}

const [ns2, ns12, ns22] = ['test-ecr-renew-ns2', 'test-ecr-renew-ns12', 'test-ecr-renew-ns22'];

/** The first ten are the old tool's own; the others are documented. */
const CASES: Readonly<Record<string, Case>> = {
  'no target is the default namespace': { written: ['default'] },
  'one namespace, its own': { target: HOME, written: [HOME] },
  'one namespace, another': { target: ns2, written: [ns2] },
  'two with a comma': { target: `${ns2},${ns12}`, written: [ns2, ns12] },
  'a star': { target: 'test-ecr-renew-*', written: TEN },
  'a question mark': { target: 'test-ecr-renew-ns?2', written: [ns12, ns22] },
  both: { target: 'test-ecr-*-ns?2', written: [ns12, ns22] },
  'overlapping, the name first': { target: `${ns12},test-ecr-renew-ns?2`, written: [ns12, ns22] },
  'overlapping, the name last': { target: `test-ecr-renew-ns?2,${ns12}`, written: [ns12, ns22] },
  'overlapping, the name in between': {
    target: `test-ecr-renew-ns?2,${ns12},test-ecr-*-ns22`,
    written: [ns12, ns22],
  },
  'semicolons, newlines and blanks': { target: ` ${ns2} ;\n\t${ns22}\n`, written: [ns2, ns22] },
  'exclusion wins': { target: 'test-ecr-renew-ns?2', exclude: '*ns1?', written: [ns22] },
};

for (const [index, [title, { target, exclude, written }]] of Object.entries(CASES).entries()) {
  t.test(`namespaces: ${title}`, async (t) => {
    const name = `case-${index}`;
    const { exitCode, stdout, stderr } = await job.run(ACCOUNT, {
      DOCKER_SECRET_NAME: name,
      ...(target ? { TARGET_NAMESPACE: target } : {}),
      ...(exclude ? { EXCLUDE_NAMESPACE: exclude } : {}),
    });
    t.equal(exitCode, 0);
    t.equal(stderr, '');
    t.same(await namespacesWith(name), written.toSorted());
    const [first, ...lines] = stdout.trimEnd().split('\n');
    t.match(first, /^Running at 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d/);
    t.same(lines, [
      'Fetching auth data from AWS... Success.',
      `Docker Registries: https://${REGISTRY}`,
      `Updating kubernetes secret [${name}] in ${written.length} namespaces`,
      ...written.map((namespace) => `Updating secret in namespace [${namespace}]... success`),
      'Job complete.',
    ]);
  });
}

t.test('a secret of the old tool is taken over in place, and logs in', async (t) => {
  const name = 'k8s-ecr-login-renew-docker-secret';
  const before = await api.create<Secret>(`/api/v1/namespaces/${ns2}/secrets`, {
    metadata: { name, labels: { team: 'x' }, annotations: { note: 'y' } },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'), more: 'eg==' },
  });
  const variables = { DOCKER_SECRET_NAME: name, TARGET_NAMESPACE: ns2 };
  t.equal((await job.run(ACCOUNT, variables)).exitCode, 0);
  const first = await api.get<Secret>(pathOf(ns2, name));
  t.equal(first.metadata.uid, before.metadata.uid);
  t.match(first, {
    metadata: {
      labels: { team: 'x' },
      annotations: { note: 'y', 'ecr-pull-secrets.io/origin': 'adopted' },
    },
    data: { more: 'eg==' },
  });
  t.equal(await loginWith(first), 200);

  t.equal((await job.run(ACCOUNT, variables)).exitCode, 0);
  const second = await api.get<Secret>(pathOf(ns2, name));
  t.equal(second.metadata.uid, before.metadata.uid);
  t.not(documentOf(second), documentOf(first), 'each run brings a new token');
});

t.test('the keys of the registries are kept as written, each with its own token', async (t) => {
  const west = REGISTRY.replace('us-east-1', 'us-west-2');
  const keys = [`https://${REGISTRY}/`, west];
  const { stdout } = await job.run(ACCOUNT, {
    DOCKER_SECRET_NAME: 'registries',
    TARGET_NAMESPACE: ns2,
    DOCKER_REGISTRIES: keys.join(', '),
  });
  t.match(stdout, `Docker Registries: ${keys.join(',')}\n`);
  const secret = await api.get<Secret>(pathOf(ns2, 'registries'));
  const { auths } = JSON.parse(documentOf(secret));
  t.same(Object.keys(auths), keys);
  const { username, password, email, auth, ...rest } = auths[west];
  t.equal(auth, Buffer.from(`${username}:${password}`).toString('base64'));
  t.ok(email);
  t.same(rest, {});
  for (const host of [REGISTRY, west]) t.equal(await loginWith(secret, host), 200);
});

t.test('a list may be split by lines, semicolons and blanks', async (t) => {
  const west = REGISTRY.replace('us-east-1', 'us-west-2');
  const china = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';
  const variables = { DOCKER_SECRET_NAME: 'split', TARGET_NAMESPACE: ns2 };
  const DOCKER_REGISTRIES = `https://${REGISTRY}\n${west};${china} proxy.example.com`;
  const { exitCode, stdout } = await job.run(ACCOUNT, { ...variables, DOCKER_REGISTRIES });
  t.equal(exitCode, 0);
  const { auths } = JSON.parse(documentOf(await api.get<Secret>(pathOf(ns2, 'split'))));
  t.same(Object.keys(auths), [`https://${REGISTRY}`, west, 'proxy.example.com']);
  t.match(stdout, /WARNING: registry "\*\.dkr\.ecr\.cn-north-1\S+" gets no token: .*aws-cn/);
  t.match(stdout, /WARNING: registry "proxy\.example\.com" is no host of ECR/);
});

t.test('a list with a wrong key replaces no secret', async (t) => {
  const variables = { DOCKER_SECRET_NAME: 'split', TARGET_NAMESPACE: ns2 };
  const before = await api.get<Secret>(pathOf(ns2, 'split'));
  const calls = ecr.calls.length;
  for (const key of [`oci://${REGISTRY}`, '123456789012', '*.*', 'docker.io', `a@${REGISTRY}`]) {
    const DOCKER_REGISTRIES = `${REGISTRY},${key}`;
    const { exitCode, stderr } = await job.run(ACCOUNT, { ...variables, DOCKER_REGISTRIES });
    t.equal(exitCode, 2, key);
    t.match(stderr, /DOCKER_REGISTRIES: ".*" (has|is) .*; for example DOCKER_REGISTRIES=https:/);
  }
  t.equal(ecr.calls.length, calls, 'no request was sent');
  t.same(await api.get<Secret>(pathOf(ns2, 'split')), before);
});

t.test('names alone need no more than a Role in each namespace', async (t) => {
  const account = 'narrow';
  const name = 'narrow-secret';
  await job.createAccount(account);
  for (const namespace of [ns2, ns12]) {
    const path = `${RBAC}/namespaces/${namespace}`;
    await api.create(`${path}/roles`, {
      metadata: { name: account },
      rules: [
        {
          apiGroups: [''],
          resources: ['secrets'],
          resourceNames: [name],
          verbs: ['get', 'create', 'patch'],
        },
      ],
    });
    await api.create(`${path}/rolebindings`, {
      metadata: { name: account },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: account },
      subjects: [subjectOf(account)],
    });
  }
  const targets = { DOCKER_SECRET_NAME: name, TARGET_NAMESPACE: `${ns12},${ns2}` };
  for (const _ of ['absent', 'present']) {
    const { exitCode, stderr } = await job.run(account, targets);
    t.equal(exitCode, 0, stderr);
  }
  t.same((await requestsOf(account)).toSorted(), [
    ...[ns12, ns12, ns2, ns2].map((namespace) => `get secrets ${namespace}`),
    ...[ns12, ns12, ns2, ns2].map((namespace) => `patch secrets ${namespace}`),
  ]);

  const refused = await job.run(account, { ...targets, TARGET_NAMESPACE: `${ns2},test-*` });
  t.equal(refused.exitCode, 2);
  t.match(refused.stderr, /GET \/api\/v1\/namespaces answered 403/);
  t.notMatch(refused.stdout, 'Updating secret');
});

t.test('a namespace that refuses is named at the end; the others are written', async (t) => {
  const name = 'refused';
  const opaque = { metadata: { name }, type: 'Opaque', data: { mine: 'eg==' } };
  await api.create(`/api/v1/namespaces/${ns12}/secrets`, opaque);
  const { exitCode, stdout, stderr } = await job.run(ACCOUNT, {
    DOCKER_SECRET_NAME: name,
    TARGET_NAMESPACE: `${ns2},${ns12},${ns22}`,
  });
  t.equal(exitCode, 2);
  t.match(stdout, `Updating secret in namespace [${ns2}]... success\n`);
  t.match(stdout, /-ns12\]\.\.\. failed: .*not of type kubernetes\.io\/dockerconfigjson.* 422 .*\n/);
  t.match(stdout, `Updating secret in namespace [${ns22}]... success\n`);
  t.notMatch(stdout, 'Job complete');
  t.match(stderr, /writing the secret failed in 1: test-ecr-renew-ns12 \[ECRPS_RUN_INCOMPLETE\]\n$/);
  t.match(await api.get<Secret>(pathOf(ns12, name)), opaque, 'theirs stays as it was');
});

t.test('namespaces that are not there or are going away are no failure', async (t) => {
  await api.create('/api/v1/namespaces', {
    metadata: { name: 'leaving' },
    spec: { finalizers: ['example.com/hold'] },
  });
  await api.remove('/api/v1/namespaces/leaving');
  for (const target of [`absent,leaving,${ns2}`, `absent,leav*,${ns2}`]) {
    const { exitCode, stdout } = await job.run(ACCOUNT, {
      DOCKER_SECRET_NAME: 'gone',
      TARGET_NAMESPACE: target,
    });
    t.equal(exitCode, 0);
    t.match(stdout, '[absent]... skipped: there is no such namespace\n');
    t.match(stdout, '[leaving]... skipped: the namespace is being deleted\n');
    t.match(stdout, `[${ns2}]... success\n`);
    t.match(stdout, /Job complete\.\n$/);
  }
});

t.test('if AWS gives no token, the cluster gets no request', async (t) => {
  const before = (await requestsOf(ACCOUNT)).length;
  const restore = ecr.faults.add({ kind: 'error', code: 'AccessDeniedException', message: 'no' });
  const { exitCode, stdout, stderr } = await job.run(ACCOUNT, { DOCKER_SECRET_NAME: 'no-aws' });
  restore();
  t.equal(exitCode, 2);
  t.match(stdout, /Fetching auth data from AWS\.\.\. failed\.\n$/);
  t.match(stderr, /requesting the token .* from AWS: .*no \[ECRPS_TOKEN_REQUEST_FAILED\]\n$/);
  t.equal((await requestsOf(ACCOUNT)).length, before);
});

t.test('a missing name is reported before any request', async (t) => {
  const before = ecr.calls.length;
  const { exitCode, stderr } = await job.run(ACCOUNT, { DOCKER_SECRET_NAME: '' });
  t.equal(exitCode, 2);
  t.match(stderr, /DOCKER_SECRET_NAME is not set/);
  t.equal(ecr.calls.length, before);
});

t.test('SIGTERM ends a run that hangs', async (t) => {
  const hanging = Promise.withResolvers<void>();
  const when = (): boolean => {
    hanging.resolve();
    return true;
  };
  const restore = ecr.faults.add({ kind: 'hang' }, { when });
  const child = job.start(ACCOUNT, { DOCKER_SECRET_NAME: 'stopped' });
  const ended = waitFor(child);
  await hanging.promise;
  child.kill('SIGTERM');
  const { exitCode, stdout } = await ended;
  restore();
  t.equal(exitCode, 2);
  t.notMatch(stdout, 'Job complete');
  t.equal(await ifFound(api.get(pathOf('default', 'stopped'))), undefined);
});

t.test('a reader that goes away after the first line, as head does, costs no secret', async (t) => {
  const name = 'unread';
  const variables = { DOCKER_SECRET_NAME: name, TARGET_NAMESPACE: 'test-ecr-renew-*' };
  const child = job.start(ACCOUNT, variables);
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new TypeError('standard output is not piped');
  const complaints = text(stderr);
  stdout.once('data', () => stdout.destroy());
  const [exitCode]: unknown[] = await once(child, 'exit');
  t.equal(exitCode, 0);
  t.equal(await complaints, '');
  t.same(await namespacesWith(name), TEN.toSorted());
});

t.test('no run said a secret', (t) => {
  const output = job.output();
  t.ok(ecr.secrets().length > 10);
  for (const secret of ecr.secrets()) t.notOk(output.includes(secret));
  t.end();
});
