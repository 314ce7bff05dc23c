import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { type ApiRequestOptions, requestApi } from '../src/local-cluster/api-request.ts';
import { startApiServerOnFreePort } from '../src/local-cluster/api-server.ts';
import { ensureBinaries } from '../src/local-cluster/binaries.ts';
import { type LocalCluster, startCluster } from '../src/local-cluster/cluster.ts';
import { writeCredentials } from '../src/local-cluster/credentials.ts';
import { startGuardian } from '../src/local-cluster/guardian.ts';
import { findProcesses } from '../src/local-cluster/remains.ts';
import { requireLinux } from '../src/local-cluster/settings.ts';
import { childrenOf, executables, firstLine, runScript, sourceUrl, until } from '../testing/processes.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

const silent = (): void => undefined;

t.test('two clusters at once', async (t) => {
  const owner = runScript(
    t,
    `import { startCluster } from ${sourceUrl('cluster.ts')};
     const { directory, serverUrl, serviceCidrPrefix } = await startCluster();
     console.log(JSON.stringify({ directory, serverUrl, serviceCidrPrefix }));`,
  );
  const [cluster, other] = await Promise.all([
    startCluster({ audit: true }),
    firstLine(owner).then((line) => JSON.parse(line)),
  ]);
  t.teardown(() => cluster.close());

  await t.test('share no folder, port or addresses', async (t) => {
    t.not(other.directory, cluster.directory);
    t.not(other.serverUrl, cluster.serverUrl);
    t.not(other.serviceCidrPrefix, cluster.serviceCidrPrefix);
    const service = await asAdmin(cluster, '/api/v1/namespaces/default/services/kubernetes');
    t.match(service.json, { spec: { clusterIP: `${cluster.serviceCidrPrefix}.0.1` } });
  });

  await t.test('nothing is left when the owner of one is killed', async (t) => {
    const pids = childrenOf(owner);
    t.equal(pids.length, 4, 'etcd, kube-apiserver, kube-controller-manager and the guardian');

    owner.kill('SIGKILL');

    await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
    t.notOk(existsSync(other.directory));
    t.equal((await asAdmin(cluster, '/readyz')).status, 200, 'the other one is untouched');
  });

  await t.test('RBAC is enforced', async (t) => {
    const created = await asAdmin(cluster, '/api/v1/namespaces/default/serviceaccounts/default/token', {
      method: 'POST',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' },
    });
    const { serverUrl, caPem } = cluster;
    const path = '/api/v1/namespaces/default/secrets';

    const list = (token: string) => requestApi({ serverUrl, caPem, token }, path);

    t.equal((await list(created.json.status.token)).status, 403);
    t.equal((await list(cluster.adminToken)).status, 200);
    t.equal((await list('nonsense')).status, 401);
  });

  await t.test('ServiceAccount admission is on', async (t) => {
    const path = '/api/v1/namespaces/default/pods?dryRun=All';

    const pod = await asAdmin(cluster, path, { method: 'POST', body: podWith({}) });
    const homeless = await asAdmin(cluster, path, {
      method: 'POST',
      body: podWith({ serviceAccountName: 'absent' }),
    });

    t.match(pod.json, {
      spec: { serviceAccountName: 'default', volumes: [{ name: /^kube-api-access-/ }] },
    });
    t.match(homeless, { status: 403, json: { message: /serviceaccount "absent" not found/ } });
  });

  await t.test('Pod Security admission is enforced, in a namespace made ready', async (t) => {
    await asAdmin(cluster, '/api/v1/namespaces', {
      method: 'POST',
      body: {
        metadata: {
          name: 'restricted',
          labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
        },
      },
    });
    const account = '/api/v1/namespaces/restricted/serviceaccounts/default';
    await until(async () => (await asAdmin(cluster, account)).status === 200);

    const pod = await asAdmin(cluster, '/api/v1/namespaces/restricted/pods?dryRun=All', {
      method: 'POST',
      body: podWith({}),
    });

    t.match(pod, { status: 403, json: { message: /violates PodSecurity "restricted:latest"/ } });
  });

  await t.test('a Deployment gets its pods', async () => {
    const labels = { app: 'web' };
    await asAdmin(cluster, '/apis/apps/v1/namespaces/default/deployments', {
      method: 'POST',
      body: {
        metadata: { name: 'web' },
        spec: {
          replicas: 2,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: podWith({}).spec },
        },
      },
    });
    const pods = '/api/v1/namespaces/default/pods?labelSelector=app=web';
    await until(async () => (await asAdmin(cluster, pods)).json.items.length === 2);
  });

  await t.test('Helm installs into it and says what went wrong', async (t) => {
    const chart = t.testdir({
      'Chart.yaml': 'apiVersion: v2\nname: tiny\nversion: 0.1.0\n',
      templates: {
        'map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-helm}\n',
        'refused.yaml':
          '{{ if .Values.refused }}{apiVersion: v1, kind: ConfigMap, metadata: {name: "Not A Name"}}{{ end }}',
      },
    });

    await cluster.helm(['install', 'tiny', chart]);
    const installed = await asAdmin(cluster, '/api/v1/namespaces/default/configmaps/from-helm');

    t.equal(installed.status, 200);
    await t.rejects(cluster.helm(['upgrade', 'tiny', chart, '--set', 'refused=true']), {
      message: /^helm upgrade failed: .*"Not A Name"/s,
    });
  });

  await t.test('the audit log shows who wrote what', async (t) => {
    const events = readFileSync(cluster.auditLogPath ?? '', 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

    const creations = events.filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'namespaces');

    t.match(
      creations.filter(({ user }) => user.username === 'admin'),
      [{ level: 'Metadata', objectRef: { name: 'restricted' }, responseStatus: { code: 201 } }],
    );
  });

  await t.test('the API server comes back with its data after a restart', async (t) => {
    const startTime = async (): Promise<string | undefined> =>
      /^process_start_time_seconds .*$/m.exec((await asAdmin(cluster, '/metrics')).body)?.[0];
    const before = await startTime();

    await cluster.restartApiServer();

    t.not(await startTime(), before);
    t.equal((await asAdmin(cluster, '/api/v1/namespaces/restricted')).status, 200);
  });

  await t.test('nothing is left after close', async (t) => {
    const { directory } = cluster;
    t.equal((await findProcesses(directory)).length, 3);

    await cluster.close();

    t.same(await findProcesses(directory), []);
    t.notOk(existsSync(directory));
    await t.rejects(asAdmin(cluster, '/readyz'), { code: 'ECONNREFUSED' });
  });
});

t.test('a port that another program took is not used', async (t) => {
  const guardian = await startGuardian();
  t.teardown(() => guardian.close());
  const blocker = createServer();
  const taken = await listenOnLoopback(blocker);
  t.teardown(() => blocker.close());
  const binaries = await ensureBinaries({ progress: silent, environment: process.env });
  const ports = [taken];

  const started = startApiServerOnFreePort(
    {
      guardian,
      command: binaries['kube-apiserver'],
      credentials: await writeCredentials(guardian.directory),
      ranges: { serviceCidrPrefix: '127.63', podCidrPrefix: '127.62' },
      auditLogPath: undefined,
    },
    async () => {
      const port = ports.shift();
      if (port === undefined) throw new Error('another port was requested');
      return port;
    },
  );

  await t.rejects(started, { message: 'another port was requested' });
});

t.test('a component that exits is named with the end of its log', async (t) => {
  const assets = executables(t.testdir(), {
    etcd: 'echo "no space left in $PWD"; exit 3',
    'kube-apiserver': 'exec sleep 600',
    'kube-controller-manager': 'exec sleep 600',
    helm: 'exit 1',
  });

  const started = startCluster({ environment: { KUBEBUILDER_ASSETS: assets } });
  const message = await started.then(() => '', describeError);

  t.match(message, /etcd exited with code 3 before it was ready\nno space left in \/.+/);
  const directory = /no space left in (\S+)/.exec(message)?.[1] ?? '/';
  t.notOk(existsSync(directory));
  t.same(await findProcesses(directory), []);
});

t.test('other platforms than Linux are refused', async (t) => {
  t.throws(() => requireLinux('darwin'), { message: /runs on Linux only, and this is darwin/ });
  t.doesNotThrow(() => requireLinux('linux'));
});

async function asAdmin(cluster: LocalCluster, path: string, options?: ApiRequestOptions) {
  const { serverUrl, caPem, adminToken: token } = cluster;
  const { status, body } = await requestApi({ serverUrl, caPem, token }, path, options);
  return { status, body, json: body.startsWith('{') ? JSON.parse(body) : undefined };
}

function podWith(spec: Readonly<Record<string, unknown>>) {
  const containers = [{ name: 'main', image: 'example.com/image' }];
  return { metadata: { name: 'pod' }, spec: { containers, ...spec } };
}
