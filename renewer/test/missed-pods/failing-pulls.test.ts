import t from 'tap';
import { createFailingPullRule } from '../../src/missed-pods/failing-pull.ts';
import { covers, ECR_IMAGE, SECRET, startMissedPodsWorld, UNCOVERED_IMAGE } from '../support/missed-pods-world.ts';

const MINUTE_MS = 60_000;

function podWith(image: string, secret = SECRET, metadata = {}) {
  return {
    metadata: { name: 'app', namespace: 'a', uid: 'u', ...metadata },
    spec: { containers: [{ name: 'app', image }], imagePullSecrets: [{ name: secret }] },
    status: { initContainerStatuses: [{ name: 'app', state: { waiting: { reason: 'ErrImagePull' } } }] },
  };
}

/** A pod with two image volumes, whose container waits with this message. */
function mounting(message: string) {
  const { spec, ...pod } = podWith('nginx');
  const volumes = [{}, { image: { reference: ECR_IMAGE } }, { image: { reference: UNCOVERED_IMAGE } }];
  const waiting = { reason: 'ImagePullBackOff', message };
  return { ...pod, spec: { ...spec, volumes }, status: { containerStatuses: [{ name: 'app', state: { waiting } }] } };
}

t.test('a pull that fails in two lists gets one Event and is counted by its reason; it was not missed', async (t) => {
  const { clock, put, remove, events, registry, run } = startMissedPodsWorld(t);
  put({ name: 'wrong-tag', isPullFailing: true }, true);
  put({ name: 'elsewhere', isPullFailing: true, image: UNCOVERED_IMAGE }, true);
  put({ name: 'starts' }, true);
  put({ name: 'soon', isPullFailing: true }, true);
  run();
  await clock.advance(1_000);
  t.equal(events.length, 0, 'a token may be late');
  remove('a/soon');
  await clock.advance(MINUTE_MS);
  t.match(events, [
    {
      involvedObject: { name: 'wrong-tag' },
      reason: 'PullFailed',
      message: / This command tries the pull and shows the reason: ecr-pull-secrets explain a\/wrong-tag$/,
    },
    {
      involvedObject: { name: 'elsewhere' },
      reason: 'RegistryNotCovered',
      message: /registry 999999999999\.dkr.*: no token covers the registry.* ecr-pull-secrets explain a\/elsewhere$/,
    },
  ]);
  const metrics = await registry.metrics();
  t.match(metrics, 'failing_pulls{reason="PullFailed"} 1');
  t.match(metrics, 'failing_pulls{reason="RegistryNotCovered"} 1');
  t.notMatch(metrics, /missed_pods\{.*\} [1-9]/);
  remove('a/wrong-tag');
  await clock.advance(40 * MINUTE_MS);
  t.match(await registry.metrics(), 'failing_pulls{reason="PullFailed"} 0');
  t.equal(events.length, 2, 'no Event again');
});

t.test(
  'a container that starts again in a running pod is found by two lists of those, and so is the image of a volume',
  async (t) => {
    const { clock, put, remove, events, registry, run } = startMissedPodsWorld(t);
    put({ name: 'restarts', isPullFailing: true, phase: 'Running' }, true);
    put({ name: 'new', isPullFailing: true }, true);
    run();
    await clock.advance(8 * MINUTE_MS);
    t.match(events, [{ involvedObject: { name: 'new' } }]);
    await clock.advance(12 * MINUTE_MS);
    t.match(events[1], { involvedObject: { name: 'restarts' }, reason: 'PullFailed', message: /explain a\/restarts$/ });
    t.match(await registry.metrics(), 'failing_pulls{reason="PullFailed"} 2');
    put({ name: 'mounts', image: 'nginx', volumeImage: UNCOVERED_IMAGE, isPullFailing: true }, true);
    remove('a/restarts');
    await clock.advance(10 * MINUTE_MS);
    t.match(await registry.metrics(), 'failing_pulls{reason="PullFailed"} 1');
    t.match(events.slice(2), [{ involvedObject: { name: 'mounts' }, reason: 'RegistryNotCovered' }]);
  },
);

t.test('a pod whose pull fails although it names the secret is never evicted', async (t) => {
  const { clock, put, evictions, events, run } = startMissedPodsWorld(t, { evict: true });
  put({ name: 'app', isPullFailing: true, controller: { kind: 'ReplicaSet', uid: 'rs' } }, true);
  run();
  await clock.advance(30 * MINUTE_MS);
  t.match(events, [{ reason: 'PullFailed' }]);
  t.same(evictions, []);
});

t.test('pulls of one namespace that fail are counted up to 200, and do not hide those of another one', async (t) => {
  const { clock, put, events, registry, run } = startMissedPodsWorld(t);
  for (let index = 0; index < 300; index += 1) put({ name: `flood-${index}`, isPullFailing: true }, true);
  put({ name: 'alone', namespace: 'b', isPullFailing: true }, true);
  run();
  await clock.advance(MINUTE_MS);
  t.match(await registry.metrics(), 'failing_pulls{reason="PullFailed"} 201');
  t.ok(events.some(({ involvedObject }) => involvedObject.name === 'alone'));
  await clock.advance(40 * MINUTE_MS);
  t.equal(events.length, 201);
});

t.test('only an ECR image of a pod that names the secret counts, and its name is not part of a message', async (t) => {
  const rule = createFailingPullRule({ covers }, { pullSecretName: SECRET, registryHosts: [] });
  t.match(rule(podWith(ECR_IMAGE)), { reason: 'PullFailed', registry: ECR_IMAGE.replace(/\/.*/, '') });
  const uncovered = rule(podWith(`${UNCOVERED_IMAGE}\nRun: x`));
  t.equal(uncovered?.reason, 'RegistryNotCovered');
  t.equal(uncovered?.registry, UNCOVERED_IMAGE.replace(/\/.*/, ''));
  t.equal(rule(podWith('nginx')), undefined, 'another registry');
  t.equal(rule(podWith(ECR_IMAGE, 'other')), undefined, 'another secret');
  t.equal(rule(podWith(ECR_IMAGE, SECRET, { deletionTimestamp: 'x' })), undefined, 'being deleted');
});

t.test('the image of a volume fails the containers that mount it, whose messages name it', async (t) => {
  const rule = createFailingPullRule({ covers }, { pullSecretName: SECRET, registryHosts: [] });
  t.match(rule(mounting(`Back-off pulling image "${ECR_IMAGE}": ErrImagePull: not found`)), {
    reason: 'PullFailed',
    registry: ECR_IMAGE.replace(/\/.*/, ''),
  });
  t.match(rule(mounting(`Back-off pulling image "${UNCOVERED_IMAGE}"`)), { reason: 'RegistryNotCovered' });
  t.equal(rule(mounting('Back-off pulling image "nginx"')), undefined, 'the volumes are mounted');
  const long = mounting(`${'x'.repeat(2_048)}"${ECR_IMAGE}"`);
  t.equal(rule(long), undefined, 'the begin of a message is compared');
  const volumes = [...Array.from({ length: 100 }, () => ({ image: { reference: 'x' } })), ...long.spec.volumes];
  const many = mounting(`"${ECR_IMAGE}"`);
  t.equal(rule({ ...many, spec: { ...many.spec, volumes } }), undefined, 'a hundred volumes are compared');
});
