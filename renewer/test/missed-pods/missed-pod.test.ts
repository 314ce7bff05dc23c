import { parseLabelSelector } from '../../src/pull-secrets/cache/label-selector.ts';
import t from 'tap';
import { createMissedPodRule } from '../../src/missed-pods/missed-pod.ts';
import { ECR_IMAGE, SECRET } from '../support/missed-pods-world.ts';

const CREATED = '2026-01-01T00:00:00Z';
const settings = {
  pullSecretName: SECRET,
  registryHosts: [],
  injectAll: false,
  podSelector: parseLabelSelector('!plain'),
};
const rule = createMissedPodRule(settings);

function podWith(metadata: object = {}, spec: object = {}) {
  return {
    metadata: { name: 'app', namespace: 'a', uid: 'u', resourceVersion: '1', creationTimestamp: CREATED, ...metadata },
    spec: { containers: [{ name: 'app', image: ECR_IMAGE }], ...spec },
  };
}

t.test('a pod that the webhook would change was missed', async (t) => {
  t.match(rule(podWith(), 0), { name: 'app', reason: 'PodNotInjected', isPullFailing: false, controller: undefined });
  t.match(rule(podWith(), Date.parse(CREATED) + 1), { reason: 'PodOlderThanLabel' });
});

t.test('the exceptions are those of the injection', async (t) => {
  t.equal(rule(podWith({}, { imagePullSecrets: [{ name: SECRET }] }), 0), undefined, 'names the secret');
  t.equal(rule(podWith({ labels: { 'ecr-pull-secrets.io/inject': 'disabled' } }), 0), undefined, 'opted out');
  t.equal(rule(podWith({ annotations: { 'kubernetes.io/config.mirror': '' } }), 0), undefined, 'a mirror pod');
  t.equal(rule(podWith({ labels: { plain: 'x' } }), 0), undefined, 'excluded by objectSelector');
  t.equal(rule(podWith({}, { containers: [{ name: 'app', image: 'nginx' }] }), 0), undefined, 'another registry');
  t.equal(rule(podWith({ deletionTimestamp: CREATED }), 0), undefined, 'being deleted');
  const all = createMissedPodRule({ ...settings, injectAll: true });
  t.ok(all(podWith({}, { containers: [{ name: 'app', image: 'nginx' }] }), 0), 'every image with injectAll');
});

t.test('only an image that needs the secret counts as one that cannot be pulled', async (t) => {
  const containers = [
    { name: 'app', image: ECR_IMAGE },
    { name: 'hub', image: 'nginx' },
  ];
  const failing = (name: string, reason: string) => ({
    ...podWith({}, { containers }),
    status: { containerStatuses: [{ name, state: { waiting: { reason } } }] },
  });
  t.match(rule(failing('app', 'ErrImagePull'), 0), { isPullFailing: true });
  t.match(rule(failing('app', 'CrashLoopBackOff'), 0), { isPullFailing: false });
  t.match(rule(failing('hub', 'ImagePullBackOff'), 0), { isPullFailing: false });
});

t.test('what a pod’s creator writes into its owner references is quoted and bounded', async (t) => {
  const owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', uid: 'o', controller: true };
  const evil = rule(podWith({ ownerReferences: [{ ...owner, name: 'x; rm -rf /' }] }), 0);
  t.equal(evil?.command, "kubectl rollout restart 'statefulset/x; rm -rf /' --namespace a");
  const long = rule(
    podWith({ ownerReferences: [{ ...owner, name: 'x'.repeat(1_000_000), uid: 'y'.repeat(1_000_000) }] }),
    0,
  );
  t.match(long, { command: /^kubectl get pod app / });
  t.equal(long?.controller, undefined);
});
