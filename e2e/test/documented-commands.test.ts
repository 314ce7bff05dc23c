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
import { readDocumentedCommands } from './support/documented-commands.ts';
import { startDryShell } from './support/dry-shell.ts';
import { OLD_NAME, OLD_SECRET } from './support/old-tool.ts';
import { pullSecretsOf, SECRET } from './support/pull-secret.ts';

/** Commands that cannot run here, and who runs them instead if anybody does. A command in no line of it is run. */
const NOT_RUN: readonly (readonly [RegExp, string])[] = [
  [/^npm ci &&/, 'what CI does anyway'],
  [/^KUBEBUILDER_ASSETS=/, 'starts a cluster of its own, with what local-cluster-binaries.test.ts finds'],
  [/^npm run vulnerabilities$/, 'calls OSV; scripts/test/vulnerabilities/ has a stand-in'],
  [/ Dockerfile$/, 'changes a checkout'],
  [/^docker |buildx|='docker run/, 'needs Docker; the image is tried by image.test.ts and the workflows'],
  [/^helm test /, 'takes long; helm-test.test.ts runs it in each mode'],
  [/^cosign |^helm pull oci:/, 'needs a published release'],
  [/^aws /, 'needs AWS'],
  [/curl .*https:\/\/\$host/, 'calls ECR; the same login is tried with the stand-in by pull-secret.ts'],
  [/kubectl port-forward/, 'calls the kubelet, which the local node is not'],
  [/jobs? (job\/)?try-|job\/try-/, 'jobs that are only created by a dry run; migrating.test.ts'],
  [/ nabsul\/k8s-ecr-login-renew /, 'needs the old chart’s repository; migrating.test.ts has that chart'],
  [/helm uninstall k8s-ecr-login-renew/, 'an old release in another namespace; migrating.test.ts'],
  [/tls\.mode=cert-manager|kubectl wait certificate/, 'needs cert-manager; tls-modes.test.ts'],
  [/--as=bob/, 'is to be refused, by a policy of the reader’s own'],
  [/^R × |^ecr_pull_secrets_\w+ == /, 'no command: a formula, and queries for Prometheus'],
];

/** What the words in angle brackets stand for here. */
const PLACEHOLDERS: Readonly<Record<string, string>> = {
  '<its namespace>': 'ecr',
  '<namespace>': 'team-a',
  '<revision>': '1',
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

/** What must be seen of some of them. */
const SHOWN: readonly (readonly [RegExp, string | RegExp])[] = [
  [/kubectl run probe/, `[{"name":"${SECRET}"}]`],
  [/\.spec\.imagePullSecrets\[\*\]/, SECRET],
  [/\.auths \| keys/, REGISTRY],
  [/openssl x509/, /subject.*\nnotAfter/],
  [/PHASE:\.status\.phase/, /^app +Pending +ecr-pull-secret$/m],
  [/EXPIRES:/, /^payments +20\S+Z +created$/m],
];

const playground = await startPlayground();
t.teardown(() => playground.close());
const { api, cluster } = playground;
const hasPolicies = (await kubernetesMinor(cluster)) >= POLICIES_SINCE;
await prepare();
const run = await startDryShell(cluster);
await writeFile(join(cluster.directory, 'shell', 'corporate-ca.pem'), cluster.caPem);
await writeFile(join(cluster.directory, 'shell', 'aws.env'), 'AWS_ACCESS_KEY_ID=a\nAWS_SECRET_ACCESS_KEY=b\n');

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

/** What the pages speak of: the release, the old one, a namespace that is strict about pods, and a pod. */
async function prepare(): Promise<void> {
  for (const name of ['payments', 'team-a', 'ecr']) await api.createNamespace(name);
  await api.merge('/api/v1/namespaces/payments', {
    metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
  });
  await api.create('/api/v1/namespaces/team-a/secrets', { metadata: { name: OLD_SECRET } });
  const oldChart = fileURLToPath(new URL('fixtures/old-chart', import.meta.url));
  const oldRelease = [OLD_NAME, oldChart, '--namespace', 'ecr', '--set', 'awsRegion=us-east-1'];
  const mode = hasPolicies ? 'both' : 'webhook';
  // Twice, for there to be something to go back to.
  for (const optOut of ['keep', 'delete']) {
    await cluster.helm(['upgrade', '--install', ...oldRelease]);
    await playground.install({ optOut, injection: { mode }, targetNamespace: PRODUCT_NAME });
  }
  await pullSecretsOf(playground).secretIn('payments');
  const pod = { metadata: { name: 'app' }, spec: RESTRICTED };
  await eventually('injection works', async () => {
    const { spec } = await api.createPod('payments', pod, { dryRun: 'All' });
    assert.deepEqual(spec.imagePullSecrets, [{ name: SECRET }]);
  });
  await api.createPod('payments', pod);
}
