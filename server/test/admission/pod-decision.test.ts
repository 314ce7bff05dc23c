import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { allow } from '../../src/admission/admission-response.ts';
import { createPodDecider, type PodDeciderSettings } from '../../src/admission/pod-decision.ts';
import { createImageMatcher, imagesOf } from '../../src/admission/image-matcher.ts';
import { pullSecretPatch } from '../../src/admission/pull-secret-patch.ts';
import { parseRegistryHosts } from '../../src/admission/registry-hosts-setting.ts';
import type { Facts } from '../../src/renewer-facts.ts';
import { applyOperations } from '../support/verify-admission-response.ts';

const SECRET = 'ecr-pull-secret';
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const ECR_IMAGE = `${ECR_HOST}/web:1`;

interface DecideOptions extends Partial<PodDeciderSettings> {
  readonly facts?: Facts;
}

function decide(pod: unknown, { facts, ...settings }: DecideOptions = {}) {
  const decidePod = createPodDecider(
    { facts: { current: () => facts } },
    { pullSecretName: SECRET, registryHosts: [], injectAll: false, ...settings },
  );
  return decidePod(pod, 'payments');
}

function podWithImage(image: string, metadata: object = {}) {
  return { metadata, spec: { containers: [{ name: 'web', image }] } };
}

/** An entry of imagePullSecrets: a name, ours included, or an entry without a name. */
const reference = fc.oneof(
  fc.record({ name: fc.constantFrom(SECRET, 'team', '') }, { noNullPrototype: true }),
  fc.record({ name: fc.string() }, { noNullPrototype: true }),
  fc.constant({}),
);

const podWithSecrets = fc.record(
  {
    containers: fc.constant([{ name: 'web', image: ECR_IMAGE }]),
    imagePullSecrets: fc.oneof(fc.array(reference), fc.constant(null)),
    nodeName: fc.string(),
  },
  { requiredKeys: ['containers'], noNullPrototype: true },
);

t.test('the patch applies to any pod, and appends our secret to its own in their order', (t) => {
  const property = fc.property(podWithSecrets, (spec) => {
    const patched = applyOperations({ spec }, pullSecretPatch({ spec }, SECRET));

    const before = spec.imagePullSecrets ?? [];
    const isNamed = before.some((entry) => 'name' in entry && entry.name === SECRET);
    const after = isNamed ? before : [...before, { name: SECRET }];
    deepStrictEqual(patched, { spec: { ...spec, imagePullSecrets: after } });
    deepStrictEqual(pullSecretPatch(patched, SECRET), [], 'a second review changes nothing');
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 1000 }));
  t.end();
});

t.test('a pod of any shape gets a patch that applies, or none', (t) => {
  const json = fc.jsonValue();
  const anyPod = fc.oneof(
    json,
    fc.record({ spec: json }),
    fc.record({ spec: fc.record({ imagePullSecrets: json }) }),
    fc.record({ metadata: json, spec: fc.record({ containers: fc.array(json), volumes: json }) }),
    fc.record({ metadata: fc.record({ annotations: json, labels: json }) }),
  );
  const property = fc.property(anyPod, fc.boolean(), (pod, injectAll) => {
    const { patch } = decide(pod, { injectAll });
    applyOperations(pod, patch);
    return patch.every(({ op }) => op === 'add');
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 5000 }));
  t.end();
});

t.test('imagePullSecrets that is not a list stays unchanged', (t) => {
  for (const imagePullSecrets of [{}, 'x', 5, true]) {
    t.strictSame(pullSecretPatch({ spec: { imagePullSecrets } }, SECRET), []);
  }
  for (const pod of [undefined, null, [], 'x', {}, { spec: null }, { spec: [] }, { spec: 'x' }]) {
    t.strictSame(pullSecretPatch(pod, SECRET), []);
  }
  t.end();
});

t.test('images are found in init containers, containers and image volumes', (t) => {
  const spec = {
    initContainers: [{ image: 'init' }, { image: 'sidecar', restartPolicy: 'Always' }],
    containers: [{ image: 'main' }, { name: 'no image yet' }, { image: 5 }, null],
    volumes: [{ image: { reference: 'volume' } }, { image: {} }, { emptyDir: {} }, 'x'],
  };
  t.strictSame(imagesOf({ spec }), ['init', 'sidecar', 'main', 'volume']);
  for (const [place, pod] of Object.entries({
    initContainers: { spec: { initContainers: [{ image: ECR_IMAGE }] } },
    containers: { spec: { containers: [{ image: 'nginx' }, { image: ECR_IMAGE }] } },
    volumes: { spec: { volumes: [{ image: { reference: ECR_IMAGE } }] } },
  })) {
    t.equal(decide(pod).outcome, 'patched', place);
  }
  t.end();
});

t.test('only an image on a private ECR host needs the pull secret', (t) => {
  const images: Readonly<Record<string, boolean>> = {
    [ECR_IMAGE]: true,
    [`${ECR_HOST}:443/web`]: true,
    [`${ECR_HOST}/web@sha256:${'0'.repeat(64)}`]: true,
    '123456789012.dkr-ecr.us-west-2.on.aws/web': true,
    '123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/web': true,
    nginx: false,
    [ECR_HOST]: false,
    [`${ECR_HOST}:443`]: false,
    [`evil.io/${ECR_HOST}/web`]: false,
    [`${ECR_HOST}.evil.io/web`]: false,
    [`evil-${ECR_HOST}/web`]: false,
    '12345678901.dkr.ecr.us-east-1.amazonaws.com/web': false,
    'public.ecr.aws/nginx/nginx': false,
  };
  for (const [image, isOurs] of Object.entries(images)) {
    t.equal(decide(podWithImage(image)).outcome, isOurs ? 'patched' : 'noop', image);
  }
  t.end();
});

t.test('a host in the path of an image is not its registry', (t) => {
  const registryHosts = parseRegistryHosts('public.ecr.aws');
  const facts = { covers: () => false, excludes: () => false };
  const reviewOf = (image: string) => decide(podWithImage(image), { registryHosts, facts });

  const { outcome, warnings } = reviewOf(`${ECR_HOST}/public.ecr.aws/foo`);
  t.equal(outcome, 'patched');
  t.match(warnings, [`no token covers registry ${ECR_HOST},`], 'as private ECR, not as the other');
  t.match(reviewOf('public.ecr.aws/foo').warnings, ['no token covers registry public.ecr.aws,']);
  t.equal(reviewOf('evil.io/public.ecr.aws/foo').outcome, 'noop');
  t.end();
});

t.test('a further registry host matches any port, or the port that it specifies', (t) => {
  const hosts = parseRegistryHosts('Proxy.example.com, cache:5000 ,,public.ecr.aws,[::1]:5000');
  const matches = createImageMatcher(hosts);
  for (const registry of [
    'proxy.example.com',
    'proxy.example.com:8443',
    'PROXY.example.com',
    'cache:5000',
    'public.ecr.aws',
    '[::1]:5000',
    ECR_HOST,
  ]) {
    t.ok(matches(`${registry}/app`), registry);
  }
  for (const registry of [
    'cache',
    'cache:5001',
    'example.com',
    'a.proxy.example.com',
    'proxy.example.com.evil.io',
    '[::1]',
    'docker.io',
  ]) {
    t.notOk(matches(`${registry}/app`), registry);
  }
  t.end();
});

t.test('an error names the registry host that is a URL, a path or not a host', (t) => {
  for (const entry of [
    'https://proxy.example.com',
    'proxy.example.com/team',
    'proxy example.com',
    'proxy.example.com:',
    'proxy.example.com:123456',
    '-proxy.example.com',
    'proxy..example.com',
    '*.example.com',
    'user@proxy.example.com',
  ]) {
    t.throws(() => parseRegistryHosts(`ok.example.com,${entry}`), { message: `"${entry}" is not` });
  }
  for (const port of ['0', '65536', '99999']) {
    t.throws(() => parseRegistryHosts(`ok.example.com:65535,proxy.example.com:${port}`), {
      message: `the port of "proxy.example.com:${port}" is not one from 1 to 65535`,
    });
  }
  t.end();
});

t.test('mirror pods, pods that opted out and pods without an ECR image stay unchanged', (t) => {
  const unchanged = { outcome: 'noop', patch: [], warnings: [], hasUncoveredImage: false };
  const mirror = { annotations: { 'kubernetes.io/config.mirror': '' } };
  const optedOut = { labels: { 'ecr-pull-secrets.io/inject': 'disabled' } };
  for (const injectAll of [false, true]) {
    t.strictSame(decide(podWithImage(ECR_IMAGE, mirror), { injectAll }), unchanged);
    t.strictSame(decide(podWithImage(ECR_IMAGE, optedOut), { injectAll }), unchanged);
  }
  t.strictSame(decide(podWithImage('nginx')), unchanged);
  t.equal(decide(podWithImage('nginx'), { injectAll: true }).outcome, 'patched');

  const enabled = { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } };
  t.equal(decide(podWithImage(ECR_IMAGE, enabled)).outcome, 'patched');
  t.end();
});

t.test('in an excluded namespace a pod that needs the secret gets a warning instead of the secret', (t) => {
  const facts = { covers: () => true, excludes: (namespace: string) => namespace === 'payments' };
  const { outcome, patch, warnings } = decide(podWithImage(ECR_IMAGE), { facts });
  t.equal(outcome, 'excluded');
  t.strictSame(patch, []);
  t.match(warnings, [/EXCLUDE_NAMESPACE matches namespace payments/]);
  t.notMatch(warnings, [/ecr-pull-secrets\.io/], 'the selector may use another label');
  t.strictSame(decide(podWithImage('nginx'), { facts }).warnings, [], 'no warning if the secret is not needed');
  t.end();
});

t.test('an image of a registry without a token gets the secret, with one warning per registry', (t) => {
  const facts = { covers: (name: string) => !name.startsWith(ECR_HOST), excludes: () => false };
  const spec = {
    containers: [{ image: ECR_IMAGE }, { image: `${ECR_HOST}/b` }, { image: 'nginx' }],
  };
  const { outcome, warnings, hasUncoveredImage } = decide({ spec }, { facts });
  t.equal(outcome, 'patched');
  t.ok(hasUncoveredImage);
  t.equal(warnings.length, 1);
  t.match(warnings, [new RegExp(`no token covers registry ${ECR_HOST}`)]);
  t.end();
});

t.test('images are checked by their full names, and the warning names the first one without a token', (t) => {
  const asked: string[] = [];
  const covers = (name: string) => asked.push(name) > 0 && name.includes('/team-a');
  const facts = { covers, excludes: () => false };
  const images = ['team-a/x:1', 'team-b/y@sha256:00', 'team-a/x:2', 'team-c'];
  const spec = { containers: images.map((image) => ({ image: `${ECR_HOST}/${image}` })) };
  const { warnings } = decide({ spec }, { facts });
  t.match(warnings, [new RegExp(`Not covered: ${ECR_HOST}/team-b/y$`)]);
  t.strictSame(asked, [`${ECR_HOST}/team-a/x`, `${ECR_HOST}/team-b/y`]);
  t.end();
});

t.test('only the first 100 image names of a pod are checked for a token', (t) => {
  const asked: string[] = [];
  // After the first name that is not covered, no further name of its registry would be checked in any case.
  const covers = (name: string) => asked.push(name) > 0 && !name.endsWith('/100');
  const facts = { covers, excludes: () => false };
  const names = Array.from({ length: 28_000 }, (_, index) => `${ECR_HOST}/${index}`);
  const images = names.flatMap((name) => [`${name}:1`, `${name}:2`, 'nginx']);
  const spec = { containers: images.map((image) => ({ image })) };
  const { outcome, warnings } = decide({ spec }, { facts });
  t.equal(outcome, 'patched');
  t.strictSame(asked, names.slice(0, 100));
  t.strictSame(warnings, []);
  t.end();
});

t.test('warnings fit the limits of the API server', (t) => {
  const characters = '🐳'.repeat(300);
  const long = allow('uid', { warnings: [characters] }).response.warnings ?? [];
  t.equal(Array.from(long[0] ?? '').length, 256, 'counted in runes');

  const many = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(300)}`);
  const fitting = allow('uid', { warnings: many }).response.warnings ?? [];
  t.equal(fitting.length, 16);
  t.equal(fitting.join('').length, 4096);

  const controls = allow('uid', { warnings: ['a\nb\u0000c\u0085d'] }).response.warnings;
  t.strictSame(controls, ['a b c d'], 'the API server drops a warning with a control character');
  t.notOk('warnings' in allow('uid', {}).response);
  t.end();
});
