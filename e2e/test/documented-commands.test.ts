import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { kubernetesMinor, POLICIES_SINCE } from '@ecr-pull-secrets/testbed/testing/admission-policies.ts';
import { readDocumentedValues, THREE_ACCOUNTS } from './support/documented-blocks.ts';
import { readDocumentedCommands } from './support/documented-commands.ts';
import { startDryShell } from './support/dry-shell.ts';
import { OLD_NAME, OLD_SECRET } from './support/old-tool.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';

/** Commands that cannot run here, and who runs them instead if anybody does. A command in no line of it is run. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^npm ci &&/, 'what CI does anyway'],
  [/^KUBEBUILDER_ASSETS=/, 'starts a cluster of its own, with what local-cluster-binaries.test.ts finds'],
  [/^npm run vulnerabilities$/, 'calls OSV; scripts/test/vulnerabilities/ has a stand-in'],
  [/ Dockerfile$|>> \.npmrc$/, 'changes a checkout'],
  [/^docker |buildx|='docker run/, 'needs Docker; the image is tried by image.test.ts and the workflows'],
  [/^helm test /, 'takes long; one-cluster/helm-test.ts runs it in each mode'],
  [/^cosign |^helm pull oci:/, 'needs a published release'],
  [/^mkdir -p ~\/\.local\/share/, 'installs a plugin of kubectl; scripts/test/krew/krew.test.ts'],
  [/^kubectl exec .*main\.mjs( status)?$/, 'needs exec, which the local node has not; shared-release/status.ts'],
  [/^ecr-pull-secrets explain /, 'its exit status depends on ECR; failures.test.ts runs it'],
  [/^aws (?!iam create-access-key)|^curl [^]*(?:\$ISSUER|amazonaws)/, 'needs AWS'],
  [/curl .*https:\/\/\$host/, 'calls ECR; the same login is tried with the stand-in by pull-secret.ts'],
  [/kubectl port-forward/, 'calls the kubelet, which the local node is not'],
  [/jobs? (job\/)?try-|job\/try-/, 'jobs that are only created by a dry run; migrating.test.ts'],
  [/ nabsul\/k8s-ecr-login-renew /, 'needs the old chart’s repository; migrating.test.ts has that chart'],
  [/helm uninstall k8s-ecr-login-renew/, 'an old release in another namespace; migrating.test.ts'],
  [/tls\.mode=cert-manager|kubectl (?:wait|describe) certificate/, 'needs cert-manager; tls-modes.ts has one'],
  [/^skopeo |^helm push /, 'needs a registry'],
  [/secret tls roles-anywhere/, 'needs a certificate'],
  [/openssl s_client/, 'connects to ECR'],
  [/kubectl logs .*--previous/, 'prints the log of an earlier container, which the local node does not keep'],
  [/kubectl debug node/, 'attaches a terminal to a pod, which the local node cannot'],
  [/applications\.argoproj\.io|^flux /, 'needs Argo CD or Flux'],
  [/--as=bob/, 'is to be refused, by a policy of the reader’s own'],
  [/^R × |^ecr_pull_secrets_\w+ == |^histogram_quantile/, 'no command: a formula, and queries for Prometheus'],
];

/** What the words in angle brackets stand for here. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '<its namespace>': 'ecr',
  '<namespace>': 'team-a',
  '<revision>': '1',
  '<pod>': '"$(kubectl get pods --namespace ecr-pull-secrets --output name | head -1)"',
  '<pod, before the "_">': `"$(kubectl get lease ecr-pull-secrets --namespace ecr-pull-secrets --output jsonpath='{.spec.holderIdentity}' | cut -d _ -f 1)"`,
  '<old image>': 'nabsul/k8s-ecr-login-renew:v1.7.2',
};

/** Options that are shown alone belong to an upgrade. */
const UPGRADE = 'helm upgrade ecr-pull-secrets ./chart --namespace ecr-pull-secrets --reset-then-reuse-values ';

/** What Pod Security "restricted" requires. */
const RESTRICTED: Manifest = {
  securityContext: { runAsNonRoot: true, runAsUser: 1, seccompProfile: { type: 'RuntimeDefault' } },
  containers: [
    {
      name: 'app',
      image: `${REGISTRY}/app`,
      securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
    },
  ],
};

/** No node runs such a pod. */
const NOWHERE: Manifest = { nodeSelector: { none: 'none' } };

/** What must be seen of some of them. */
const SHOWN: readonly (readonly [RegExp, string | RegExp])[] = [
  [/kubectl run probe/, `[{"name":"${SECRET}"}]`],
  [/\.spec\.imagePullSecrets\[\*\]/, SECRET],
  [/\.auths \| keys/, REGISTRY],
  [/openssl pkcs7/, /Not After.*\n *Subject:/],
  [/^ISSUER=/, /^https:\/\/kubernetes\.default\.svc/],
  [/kubectl replace --force/, 'pod/app replaced'],
  [/^kubectl rollout restart deployment\/api/, /api restarted[^]*database restarted[^]*agent restarted/],
  [/--from=cronjob\/ecr-pull-secrets$/, 'job.batch/ecr-pull-secrets-now created'],
  [/involvedObject\.name=app/, 'no basic auth credentials'],
  [/custom-columns=POD/, /^run +2 +Error$/m],
  [/PHASE:\.status\.phase/, /^app +Pending +ecr-pull-secret$/m],
  [/EXPIRES:/, /^payments +20\S+Z( |$)/m],
  [/ORIGIN:/, /^payments +20\S+Z +created$/m],
];

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, cluster } = playground;
const hasPolicies = (await kubernetesMinor(cluster)) >= POLICIES_SINCE;
await prepare();
const run = await startDryShell(cluster);
await writeFiles(join(cluster.directory, 'shell'));

const commands = await readDocumentedCommands();
const unused = new Set([...NOT_RUN, ...SHOWN].map(([pattern]) => pattern));

for (const { page, script } of commands) {
  const [title = ''] = script.split('\n');
  const [pattern, reason] = NOT_RUN.find(([about]) => about.test(script)) ?? [];
  if (pattern) unused.delete(pattern);
  const skip = reason ?? (page === 'docs/policy-mode.md' && !hasPolicies && 'needs Kubernetes 1.36');
  t.test(`${page}: ${title}`, { skip }, async (t) => {
    const filled = script.replaceAll(/<[^<>\n]+>/g, (word) => PLACEHOLDERS[word] ?? word);
    const { code, output } = await run(filled.replace(/^(?=--set)/, UPGRADE));
    t.equal(code, 0, output);
    for (const [shown, expected] of SHOWN) {
      if (!shown.test(script)) continue;
      unused.delete(shown);
      t.match(output, expected);
    }
  });
}

t.test('there are many, and no rule for commands that are gone', (t) => {
  t.ok(commands.length > 60);
  t.same([...unused], []);
  t.end();
});

/** What a reader has in the folder: files of the pages, and others. */
async function writeFiles(directory: string): Promise<void> {
  const files = {
    'corporate-ca.pem': cluster.caPem,
    'aws.env': 'AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n',
    'password.txt': 'password',
    'proxy.env': 'HTTPS_PROXY=http://user:password@proxy.example.com:3128\n',
    'air-gap.yaml': await readDocumentedValues('docs/air-gap.md', '6. Install'),
    'three-accounts.yaml': await readDocumentedValues('docs/aws.md', THREE_ACCOUNTS),
  };
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
}

/** What the pages speak of: the release, the old one, a namespace that is strict about pods, and a pod. */
async function prepare(): Promise<void> {
  for (const name of ['payments', 'team-a', 'ecr']) await api.createNamespace(name);
  await api.merge('/api/v1/namespaces/payments', {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  await api.create('/api/v1/namespaces/team-a/secrets', { metadata: { name: OLD_SECRET } });
  const oldKeys = { metadata: { name: `${OLD_NAME}-aws-secret` }, data: { AWS_ACCESS_KEY_ID: 'eA==' } };
  await api.create('/api/v1/namespaces/ecr/secrets', oldKeys);
  const oldChart = fileURLToPath(new URL('fixtures/old-chart', import.meta.url));
  const oldRelease = [OLD_NAME, oldChart, '--namespace', 'ecr', '--set', 'awsRegion=us-east-1'];
  const mode = hasPolicies ? 'both' : 'webhook';
  // One replica is enough for the commands, some of which restart it.
  const values = { optOut: 'delete', injection: { mode }, targetNamespace: PRODUCT_NAME, replicaCount: 1 };
  // Twice, for there to be something to go back to; the second time with the same pods.
  for (const revisionHistoryLimit of [1, 2]) {
    await cluster.helm(['upgrade', '--install', ...oldRelease]);
    await playground.install({ ...values, revisionHistoryLimit });
  }
  await pullSecretsOf(playground).secretIn('payments');
  const pod = { metadata: { name: 'app' }, spec: RESTRICTED };
  await eventually('injection works', async () => {
    const { spec } = await api.createPod('payments', pod, { dryRun: 'All' });
    assert.deepEqual(spec.imagePullSecrets, [{ name: SECRET }]);
  });
  await api.createPod('payments', pod);
  await createWorkloads();
  await createFailures();
}

/** A workload of each kind that a page restarts, and a CronJob of ours. They have no pods. */
async function createWorkloads(): Promise<void> {
  const labels = { app: 'workload' };
  const template = { metadata: { labels }, spec: { ...RESTRICTED, ...NOWHERE } };
  for (const [kind, name, fields] of [
    ['deployments', 'api', { replicas: 0 }],
    ['statefulsets', 'database', { replicas: 0, serviceName: 'database' }],
    ['daemonsets', 'agent', {}],
  ] as const) {
    const spec = { ...fields, selector: { matchLabels: labels }, template };
    await api.create(`/apis/apps/v1/namespaces/payments/${kind}`, { metadata: { name }, spec });
  }
  const job = { template: { spec: { ...RESTRICTED, restartPolicy: 'Never' } } };
  const schedule = { schedule: '0 0 1 1 *', suspend: true, jobTemplate: { spec: job } };
  await api.create(`/apis/batch/v1/namespaces/${PRODUCT_NAME}/cronjobs`, {
    metadata: { name: PRODUCT_NAME },
    spec: schedule,
  });
}

/** What kubelet reports of the pod, and the pod of a run of the CronJob that failed. */
async function createFailures(): Promise<void> {
  const event = { reason: 'Failed', type: 'Warning', message: 'authorization failed: no basic auth credentials' };
  await api.create('/api/v1/namespaces/payments/events', {
    metadata: { name: 'app.1' },
    involvedObject: { kind: 'Pod', namespace: 'payments', name: 'app' },
    ...event,
  });
  const labels = { 'app.kubernetes.io/name': `${PRODUCT_NAME}-cronjob` };
  await api.createPod(PRODUCT_NAME, { metadata: { name: 'run', labels }, spec: { ...RESTRICTED, ...NOWHERE } });
  const state = { terminated: { exitCode: 2, reason: 'Error' } };
  await api.merge(`/api/v1/namespaces/${PRODUCT_NAME}/pods/run/status`, {
    status: { containerStatuses: [{ name: 'app', image: 'x', imageID: 'x', ready: false, restartCount: 0, state }] },
  });
}
