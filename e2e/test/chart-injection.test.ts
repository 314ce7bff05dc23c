import { fileURLToPath } from 'node:url';
import { PRIVATE_ECR_HOST_PATTERN } from '@ecr-pull-secrets/shared/ecr-host.ts';
import t from 'tap';
import { startHelm } from './support/helm-without-cluster.ts';

const CHART = fileURLToPath(new URL('../../chart', import.meta.url));

/** The oldest version of Kubernetes with MutatingAdmissionPolicies in v1. */
const WITH_POLICIES = '1.36.0';

const helm = await startHelm(t);

async function render(mode: string, ...settings: readonly string[]): Promise<string> {
  const place = ['ecr-pull-secrets', CHART, '--namespace', 'ecr-pull-secrets'];
  // chart-fence.test.ts tests the fence of each mode, and chart-check.test.ts the check.
  const own = [
    '--kube-version',
    WITH_POLICIES,
    '--set',
    'awsRegion=us-east-1,fence.enabled=false,injection.check=none',
  ];
  const { stdout } = await helm(['template', ...place, ...own, '--set', `injection.mode=${mode}`, ...settings]);
  return stdout;
}

function kindsIn(rendered: string): readonly string[] {
  return [...rendered.matchAll(/^kind: (\w+)$/gm)].map(([, kind = '']) => kind).toSorted();
}

const WEBHOOK = ['MutatingWebhookConfiguration', 'Service'];
const POLICY = ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];

t.test('each mode has its own objects in addition to those of the renewer, and no others', async (t) => {
  const renewer = kindsIn(await render('none'));
  t.ok(renewer.includes('Deployment'));
  t.notOk(renewer.some((kind) => [...WEBHOOK, ...POLICY].includes(kind)));
  const kinds = { webhook: WEBHOOK, policy: POLICY, both: [...WEBHOOK, ...POLICY] };
  for (const [mode, own] of Object.entries(kinds)) {
    t.same(kindsIn(await render(mode)), [...renewer, ...own].toSorted(), mode);
  }
});

t.test('without a webhook there is no container, no certificate and no permission for it', async (t) => {
  const ofTheWebhook =
    /name: webhook|\/run\/ecr-pull-secrets|-ca"|mutatingwebhookconfigurations|Certificate|skip-containers|10250/;
  for (const mode of ['policy', 'none']) {
    for (const tls of ['self-managed', 'cert-manager', 'existing-secret']) {
      const rendered = await render(mode, '--set', `tls.mode=${tls}`);
      t.notMatch(rendered, ofTheWebhook, `${mode}, ${tls}`);
      t.match(rendered, /name: TLS_MODE\n\s+value: none\n/);
    }
  }
  t.match(await render('webhook'), ofTheWebhook);
});

t.test('a renewer with an invalid configuration is never ready', async (t) => {
  for (const mode of ['webhook', 'policy', 'both', 'none']) {
    const probe = /readinessProbe:\n +failureThreshold: 15\n +httpGet:\n +path: \/readyz\n +port: renewer-ops\n/;
    t.match(await render(mode), probe, mode);
  }
});

t.test('each mode renders the same bytes twice', async (t) => {
  for (const mode of ['policy', 'both', 'none']) t.equal(await render(mode), await render(mode));
});

t.test('an unknown mode is rejected by name', async (t) => {
  await t.rejects(render('sidecar'), {
    message: /injection.mode.* one of .*webhook.*policy.*both.*none/,
  });
});

t.test('a policy is refused if Kubernetes is too old, with what to do', async (t) => {
  for (const mode of ['policy', 'both']) {
    await t.rejects(render(mode, '--kube-version', '1.35.9'), {
      message: `injection.mode=${mode} needs Kubernetes 1.36 or newer, but this is v1.35.9; without a cluster set the version, for example --kube-version 1.36.0`,
    });
  }
  t.ok(await render('policy', '--kube-version', 'v1.36.2-eks-1a2b3c4'), 'as clouds call theirs');
  t.ok(await render('none', '--kube-version', '1.30.0'));
});

t.test('the policy matches ECR hosts by the expression of the webhook', async (t) => {
  t.match(PRIVATE_ECR_HOST_PATTERN, 'ecr');
  t.match(
    await render('policy'),
    `registry.contains('ecr') && registry.matches(r'^${PRIVATE_ECR_HOST_PATTERN}(?::\\d+)?$')`,
  );
});

t.test('one replica is enough for Fail if no webhook is called', async (t) => {
  const alone = ['--set', 'injection.failurePolicy=Fail,replicaCount=1'];
  t.match(await render('policy', ...alone), /failurePolicy: Fail/);
  await t.rejects(render('both', ...alone), { message: /needs replicaCount=2 or more/ });
});

t.test('an invalid registry host is rejected in every mode that injects', async (t) => {
  for (const mode of ['webhook', 'policy']) {
    for (const host of ['https://a.example', 'a.example/path', "a'||true", 'a.example:x']) {
      await t.rejects(render(mode, '--set', `injection.registryHosts={${host}}`), {
        message: /at '\/injection\/registryHosts\/0': '.*' does not match pattern/,
      });
    }
  }
});

t.test('further conditions and labels are in both the webhook configuration and the policy', async (t) => {
  const values = {
    objectSelector: { matchLabels: { team: 'x' } },
    matchConditions: [{ name: 'named', expression: "request.name != ''" }],
    annotations: { note: 'y' },
  };
  const rendered = await render('both', '--set-json', `injection=${JSON.stringify(values)}`);
  for (const text of ['team: x', 'name: named', 'note: "?y"?']) {
    t.equal(rendered.match(new RegExp(`^ +(- )?${text}$`, 'gm'))?.length, 2, text);
  }
});
