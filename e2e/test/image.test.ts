import assert from 'node:assert/strict';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import t, { type Test } from 'tap';
import { bundle } from '@ecr-pull-secrets/scripts/bundle/bundle.ts';
import { startEcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { startCluster } from '@ecr-pull-secrets/testbed/local-cluster/cluster.ts';
import { findOnPath } from '@ecr-pull-secrets/testbed/local-cluster/executable.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { createKubeApi } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { buildInSteps } from './support/image/build-in-steps.ts';
import { buildWithBuildah } from './support/image/build-with-buildah.ts';
import { findIsolation } from './support/image/container.ts';
import { filesIn } from './support/image/files.ts';
import { PRODUCT_DIR } from './support/image/image.ts';
import { startPod } from './support/image/pod.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));
const EPOCH = '1700000000';
const BUILD_ARGUMENTS = { SOURCE_DATE_EPOCH: EPOCH, VERSION: '1.2.3', REVISION: 'abcdef' };

/** Not root, and the one that the chart names too. */
const USER = 65532;

const cluster = await startCluster();
t.teardown(() => cluster.close());
const { guardian, directory } = cluster;

// Both at once and first, so that an edit of the checkout meanwhile hardly ever comes between.
const again = join(directory, 'again');
const source = join(directory, 'source');
await Promise.all([bundle(again), copySources(source)]);
const image = await buildInSteps({
  source,
  directory: await makeFolder('steps'),
  buildArguments: BUILD_ARGUMENTS,
});
const product = join(image.root, PRODUCT_DIR);
const isolation = await findIsolation(guardian, image);

t.test('it contains the bundles, their SBOM, and the notices, with the time of SOURCE_DATE_EPOCH', async (t) => {
  const files = await filesIn(product);
  const others = Object.keys(files).filter((name) => !/^[\w-]+\.mjs$/.test(name));
  t.same(others, ['LICENSE', 'THIRD-PARTY-NOTICES.txt', 'sbom.cdx.json']);
  for (const [name, file] of Object.entries(files)) {
    t.equal(file.split(' ', 2).join(' '), `${name === 'main.mjs' ? 755 : 644} ${EPOCH}`, name);
  }
  const { components } = JSON.parse(await readFile(join(product, 'sbom.cdx.json'), 'utf8'));
  t.ok(components.some(({ name }: { readonly name: string }) => name === 'fastify'));
});

async function hashesIn(folder: string): Promise<readonly string[]> {
  const files = Object.entries(await filesIn(folder));
  return files.map(([name, file]) => `${name} ${file.split(' ')[2]}`);
}

t.test('another installation of the same lockfile elsewhere gives the same bytes', async (t) => {
  const built = await hashesIn(product);
  for (const file of await hashesIn(again)) t.ok(built.includes(file), file);
});

t.test('labels say what it is, and a number who runs it', async (t) => {
  const { description } = JSON.parse(await readFile(join(SOURCE, 'package.json'), 'utf8'));
  t.strictSame(image.labels, {
    'org.opencontainers.image.title': 'ecr-pull-secrets',
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.source': 'unknown',
    'org.opencontainers.image.version': '1.2.3',
    'org.opencontainers.image.revision': 'abcdef',
  });
  t.equal(image.user, `${USER}:${USER}`);
});

t.test('both commands work on a read-only root with no shell in it', async (t) => {
  const ecr = await startEcrStandIn({ identities: [AWS_IDENTITY] });
  t.teardown(() => ecr.close());
  const credentials = fileCredentials(cluster.kubeconfigPath);
  const client = createKubeClient({ credentials, userAgent: 'image-test' });
  t.teardown(() => client.close());
  const api = createKubeApi(client);
  const before = await filesIn(product);

  const pod = await startPod({ cluster, api, ecr, image, isolation });
  await api.createNamespace('team');
  const { secretIn, loginWith } = pullSecretsOf({ api, ecr });
  t.equal(await loginWith(await secretIn('team')), 200);
  await eventually('a pod is injected', async () => {
    const spec = { containers: [{ name: 'app', image: `${REGISTRY}/app` }] };
    const created = await api.createPod('team', { spec });
    assert.deepEqual(created.spec.imagePullSecrets, [{ name: SECRET }]);
  });

  for (const [command, { pid, liveAfterMs }] of Object.entries(pod)) {
    t.comment(`${command} was live after ${Math.round(liveAfterMs)} ms`);
    if (isolation === 'none') t.comment('no namespaces here: neither the root nor the user is shown');
    else await t.test(`${command} is process 1 of a user without rights`, (t) => checkProcess(t, pid));
  }
  t.strictSame(await filesIn(product), before);
  // As process 1 it would outlive a SIGTERM that it did not handle.
  t.equal(await pod.webhook.stop(), 0);
  t.equal(await pod.renewer.stop(), 0);
});

async function checkProcess(t: Test, pid: number): Promise<void> {
  const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8');
  const status = await read('status');
  t.match(status, /^NSpid:\t(\d+\t)+1$/m);
  t.match(status, /^CapEff:\t0+$/m);
  t.match(status, /^NoNewPrivs:\t1$/m);
  t.equal(await read('coredump_filter'), '00000000\n', 'a core dump holds no memory');
  if (isolation === 'root') t.match(status, new RegExp(`^Uid:(\t${USER}){4}$`, 'm'));
  else t.match(await read('uid_map'), new RegExp(`^ *${USER} +\\d+ +1\n$`));
  const mounts = (await read('mountinfo')).trim().split('\n');
  const options = mounts.map((line) => line.split(' ')).map((words) => [words[4], words[5]]);
  const writable = options.filter(([, option]) => option?.startsWith('rw')).map(([path]) => path);
  t.strictSame(writable, ['/run', '/proc'], 'the volume and the kernel’s own');
}

const skip = await whyNoBuildah();
t.test('buildah comes to the same, from the Dockerfile as it stands', { skip }, async (t) => {
  const { root, ...configuration } = await buildWithBuildah(guardian, {
    source,
    directory: await makeFolder('buildah'),
    installed: join(directory, 'steps', 'stage-0', 'src'),
    buildArguments: BUILD_ARGUMENTS,
  });
  t.strictSame(await filesIn(join(root, PRODUCT_DIR)), await filesIn(product));
  const { user, entrypoint, labels, environment } = image;
  t.match(configuration, { user, entrypoint, labels, environment });
});

/** The checkout, with what no builder is to be sent, but without what is big. */
async function copySources(destination: string): Promise<void> {
  await cp(SOURCE, destination, { recursive: true, filter: isSource });
}

function isSource(path: string): boolean {
  return !['node_modules', '.git', '.tap', 'dist'].includes(basename(path));
}

async function makeFolder(name: string): Promise<string> {
  const path = join(directory, name);
  await mkdir(path);
  return path;
}

async function whyNoBuildah(): Promise<string | false> {
  if (isolation !== 'root') return 'its chroot isolation needs root’s rights';
  const found = await findOnPath('buildah', process.env['PATH'] ?? '');
  return found ? false : 'no buildah on PATH';
}
