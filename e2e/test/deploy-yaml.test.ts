import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { parseAllDocuments } from 'yaml';
import { DEPLOY_YAML, renderDeployYaml } from '@ecr-pull-secrets/scripts/deploy-yaml/render.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { chooseServicePort } from '@ecr-pull-secrets/testbed/playground/ports.ts';
import { readCaBundle } from './support/ca.ts';
import { startKubectl } from './support/kubectl.ts';
import { SECRET, pullSecretsOf } from './support/pull-secret.ts';

const HOME = 'ecr-pull-secrets';
const CHART = fileURLToPath(new URL('../../chart', import.meta.url));
const TROUBLESHOOTING = new URL('../../docs/troubleshooting.md', import.meta.url);

const text = await readFile(DEPLOY_YAML, 'utf8');
/** The command in the header that writes the image into a copy, without the names of the two files. */
const [, setImage = '', example = ''] = /^# +sed '(s#image: ""#image: "(.+)"#)' deploy.yaml > /m.exec(text) ?? [];
/** From the first release on the file names the image, and there is no such command. */
const [, image = example] = /image: "(.+)"\n/.exec(text.slice(text.indexOf('kind: Deployment'))) ?? [];
const playground = await startPlayground({ publishedAs: image });
t.teardown(() => playground.close());
const { api, cluster } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);
const kubectl = await startKubectl(cluster);

// The file as it stands, unless this user may not listen on the Service's port.
const published = join(cluster.directory, 'deploy.yaml');
const port = await chooseServicePort();
await writeFile(published, text.replaceAll('port: 443\n', `port: ${port}\n`));
const file = join(cluster.directory, 'my-deploy.yaml');
await writeFile(file, (await promisify(execFile)('sed', [setImage, published])).stdout);

function podsOfOurs(): Promise<readonly Pod[]> {
  return api.list<Pod>(`/api/v1/namespaces/${HOME}/pods`);
}

t.test('the file is generated from the chart: after a change run npm run deploy-yaml', async (t) => {
  t.equal(text, await renderDeployYaml(cluster.helm));
});

t.test('it contains the instructions, and no cluster, no region and no key', (t) => {
  const { header } = /^(?<header>(?:#.*\n)+)---\n/.exec(text)?.groups ?? {};
  t.match(header, setImage ? 'kubectl apply -f my-deploy.yaml' : 'kubectl apply -f deploy.yaml');
  t.match(header, 'kubectl create secret generic ecr-pull-secrets-aws --namespace ecr-pull-secrets');
  t.notMatch(text, /caBundle:|helm\.sh|managed-by:/);
  t.end();
});

t.test('without an image the API server refuses the Deployment, and the next attempt continues', async (t) => {
  if (setImage)
    await t.rejects(
      kubectl('apply', '-f', published),
      /Deployment .* invalid.*containers\[0\]\.image: Required value/s,
    );
  for (const line of await kubectl('apply', '-f', file)) t.match(line, / (created|unchanged|configured)$/);
});

t.test('on an empty cluster the pods wait for the Secret with the keys', async (t) => {
  await eventually('both pods say what they wait for', async () => {
    const pods = await podsOfOurs();
    assert.equal(pods.length, 2);
    for (const { status } of pods) {
      const renewer = status?.containerStatuses?.find(({ name }) => name === 'renewer');
      assert.match(JSON.stringify(renewer), /CreateContainerConfigError.*ecr-pull-secrets-aws/);
    }
  });
  await kubectl(...(await secretCommand()));
  await eventually(
    'both replicas are ready',
    async () => {
      const { status } = await api.get<{ status: { readyReplicas?: number } }>(
        `/apis/apps/v1/namespaces/${HOME}/deployments/${HOME}`,
      );
      assert.equal(status.readyReplicas, 2);
    },
    90_000,
  );
  t.pass();
});

t.test('then a pod in a labelled namespace gets the secret, and the secret logs in', async (t) => {
  await api.createNamespace('payments');
  t.equal(await loginWith(await secretIn('payments')), 200);
  const { spec } = await api.createPod('payments', {
    spec: { containers: [{ name: 'app', image: `${REGISTRY}/app` }] },
  });
  t.same(spec.imagePullSecrets, [{ name: SECRET }]);
});

t.test('applied again, either way, it changes nothing, including caBundle', async (t) => {
  const caBundle = await readCaBundle(api);
  t.match(caBundle, 'BEGIN CERTIFICATE');
  const pods = await namesOfPods();
  await unchanged(t, 'apply', '-f', file);
  for (const line of await kubectl('apply', '--server-side', '-f', file)) {
    t.match(line, / serverside-applied$/);
  }
  // The first one only restores kubectl's own annotation.
  await kubectl('apply', '-f', file);
  await unchanged(t, 'apply', '-f', file);
  t.equal(await readCaBundle(api), caBundle);
  t.same(await namesOfPods(), pods, 'none was replaced');
});

t.test('Helm adopts it by the documented command, however it was applied', async (t) => {
  const [, command = ''] =
    /\b(helm install .*--take-ownership[^]*?)\n\n/.exec(await readFile(TROUBLESHOOTING, 'utf8')) ?? [];
  const [, ...words] = command.replaceAll('\\\n', '').replace('./chart', CHART).split(/\s+/);
  if (setImage) t.ok(words.includes(`image.repository=${image.replace(/:[^:]*$/, '')}`));
  const takeOver = [...words, '--set', `service.port=${port}`];
  const caBundle = await readCaBundle(api);
  await cluster.helm(takeOver);
  t.equal(await readCaBundle(api), caBundle);

  await cluster.helm(['uninstall', HOME, '--namespace', HOME]);
  await kubectl('apply', '--server-side', '-f', file);
  await cluster.helm(takeOver);
});

// attacks-fence.test.ts tests what the renewer detects then.
t.test(
  'kustomize changes the namespace except in the expressions of the policies, which then match no user',
  async (t) => {
    const directory = join(cluster.directory, 'kustomize');
    await mkdir(directory);
    await writeFile(join(directory, 'deploy.yaml'), text);
    const kustomization = { namespace: 'moved', resources: ['deploy.yaml'] };
    await writeFile(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
    const moved = (await kubectl('kustomize', directory)).join('\n');
    t.notMatch(moved, /^ +namespace: ecr-pull-secrets$/m);
    t.match(moved, 'fieldPath: metadata.namespace', 'from which the renewer has its own');
    t.match(moved, '"system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets"');
  },
);

// As Argo CD and Flux do, which render the chart and apply it as another user: docs/gitops.md.
t.test('a GitOps tool finds nothing to change, and leaves caBundle alone', async (t) => {
  await cluster.helm(['uninstall', HOME, '--namespace', HOME]);
  const rendered = join(cluster.directory, 'rendered.yaml');
  const place = [HOME, CHART, '--namespace', HOME, '--no-hooks', ...(await gitOpsValues(t))];
  await writeFile(rendered, (await cluster.helm(['template', ...place])).stdout);
  const asArgo = ['--field-manager=argocd-controller', '-f', rendered];
  await kubectl('apply', ...asArgo);
  const caBundle = await eventually('caBundle is there', async () => {
    const pem = await readCaBundle(api);
    assert.match(pem, /BEGIN CERTIFICATE/);
    return pem;
  });

  await unchanged(t, 'apply', ...asArgo);
  await noDifference(t, asArgo);
  const serverSide = ['--server-side', '--force-conflicts', ...asArgo];
  await kubectl('apply', ...serverSide);
  await kubectl('rollout', 'restart', `deployment/${HOME}`, '--namespace', HOME);
  await noDifference(t, serverSide);
  await kubectl('apply', ...serverSide);
  t.equal(await readCaBundle(api), caBundle);
});

/** Reads twice: a change by a controller in between, as of the Deployment's revision, is not a difference. */
async function noDifference(t: Test, how: readonly string[]): Promise<void> {
  const said = await eventually('kubectl diff is silent', () => kubectl('diff', ...how));
  t.same(said, ['']);
}

/** Options with the values of docs/gitops.md for both tools. */
async function gitOpsValues(t: Test): Promise<readonly string[]> {
  const page = await readFile(new URL('../../docs/gitops.md', import.meta.url), 'utf8');
  const documents = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].flatMap(([, yaml = '']) =>
    parseAllDocuments(yaml).map((document) => document.toJS()),
  );
  const argo = documents.find(({ kind }) => kind === 'Application')?.spec.source.helm.valuesObject;
  const flux = documents.find(({ kind }) => kind === 'HelmRelease')?.spec.values;
  t.same(flux, argo);
  const path = join(cluster.directory, 'gitops-values.json');
  await writeFile(path, JSON.stringify(argo));
  return ['--values', path, '--set', `service.port=${port}`];
}

/** The command in the header of the file, with keys. */
async function secretCommand(): Promise<readonly string[]> {
  const [, command = ''] = /^# +kubectl (create secret .*)$/m.exec(text) ?? [];
  const keys = [AWS_IDENTITY.accessKeyId, AWS_IDENTITY.secretAccessKey];
  const [sentence = ''] = /^# The file aws\.env has .*$/m.exec(text) ?? [];
  const variables = [...sentence.matchAll(/AWS_\w+=(?:\.\.\.|[\w-]+)/g)];
  const variablesFile = join(cluster.directory, 'aws.env');
  await writeFile(
    variablesFile,
    variables.map(([line]) => `${line.replace('...', () => keys.shift() ?? '')}\n`).join(''),
  );
  return command.replace('aws.env', variablesFile).split(' ');
}

/**
 * Runs kubectl, which says of each object that it is as it was. Not of a PodDisruptionBudget: its selector is
 * always in the patch (patchStrategy replace), which the API server then finds to change nothing.
 */
async function unchanged(t: Test, ...args: readonly string[]): Promise<void> {
  const [before, lines, after] = [await budgetVersion(), await kubectl(...args), await budgetVersion()];
  for (const line of lines) if (!line.startsWith('poddisruptionbudget')) t.match(line, / unchanged$/);
  t.equal(after, before);
}

async function budgetVersion(): Promise<unknown> {
  const path = `/apis/policy/v1/namespaces/${HOME}/poddisruptionbudgets/${HOME}`;
  const { metadata, spec } = await api.get<{ metadata: { generation: number }; spec: unknown }>(path);
  return JSON.stringify([metadata.generation, spec]);
}

async function namesOfPods(): Promise<readonly string[]> {
  return (await podsOfOurs()).map(({ metadata }) => metadata.name ?? '').toSorted();
}
