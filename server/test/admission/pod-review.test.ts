import { deepStrictEqual } from 'node:assert/strict';
import * as fc from 'fast-check';
import t from 'tap';
import { allow } from '../../src/admission/admission-response.ts';
import { imagesOf } from '../../src/admission/pod-images.ts';
import { createPodReviewer, type PodReviewerOptions } from '../../src/admission/pod-review.ts';
import { pullSecretPatch } from '../../src/admission/pull-secret-patch.ts';
import { createRegistryMatcher, parseRegistryHosts } from '../../src/admission/registry-matcher.ts';
import { applyOperations } from '../support/verify-admission-response.ts';

const SECRET = 'ecr-pull-secret';
const ECR_HOST = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const ECR_IMAGE = `${ECR_HOST}/web:1`;

function review(pod: unknown, options: Partial<PodReviewerOptions> = {}) {
  const reviewPod = createPodReviewer({
    pullSecretName: SECRET,
    isOurRegistry: createRegistryMatcher([]),
    injectAll: false,
    facts: () => undefined,
    ...options,
  });
  return reviewPod(pod, 'payments');
}

function podWithImage(image: string, metadata: object = {}) {
  return { metadata, spec: { containers: [{ name: 'web', image }] } };
}

/** What a list of pull secrets may hold: names, ours among them, and entries without one. */
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

t.test('for any pod the patch applies, and adds our secret to those there in their order', (t) => {
  const property = fc.property(podWithSecrets, (spec) => {
    const patched = applyOperations({ spec }, pullSecretPatch({ spec }, SECRET));

    const before = spec.imagePullSecrets ?? [];
    const isNamed = before.some((entry) => 'name' in entry && entry.name === SECRET);
    const after = isNamed ? before : [...before, { name: SECRET }];
    deepStrictEqual(patched, { spec: { ...spec, imagePullSecrets: after } });
    deepStrictEqual(pullSecretPatch(patched, SECRET), [], 'a second review has nothing to do');
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
    const { patch } = review(pod, { injectAll });
    applyOperations(pod, patch);
    return patch.every(({ op }) => op === 'add');
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 5000 }));
  t.end();
});

t.test('a list of pull secrets that is no list is left alone', (t) => {
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
    t.equal(review(pod).outcome, 'patched', place);
  }
  t.end();
});

t.test('only an image whose host is private ECR makes a pod ours', (t) => {
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
    t.equal(review(podWithImage(image)).outcome, isOurs ? 'patched' : 'noop', image);
  }
  t.end();
});

t.test('a host within the path of an image is no registry of it', (t) => {
  const isOurRegistry = createRegistryMatcher(parseRegistryHosts('public.ecr.aws'));
  const known = { covers: () => false, excludes: () => false };
  const reviewOf = (image: string) =>
    review(podWithImage(image), { isOurRegistry, facts: () => known });

  const { outcome, warnings } = reviewOf(`${ECR_HOST}/public.ecr.aws/foo`);
  t.equal(outcome, 'patched');
  t.match(warnings, [`no token covers registry ${ECR_HOST},`], 'as private ECR, not as the other');
  t.match(reviewOf('public.ecr.aws/foo').warnings, ['no token covers registry public.ecr.aws,']);
  t.equal(reviewOf('evil.io/public.ecr.aws/foo').outcome, 'noop');
  t.end();
});

t.test('a further registry host matches any port, or the one that it names', (t) => {
  const hosts = parseRegistryHosts('Proxy.example.com, cache:5000 ,,public.ecr.aws,[::1]:5000');
  const matches = createRegistryMatcher(hosts);
  for (const registry of [
    'proxy.example.com',
    'proxy.example.com:8443',
    'PROXY.example.com',
    'cache:5000',
    'public.ecr.aws',
    '[::1]:5000',
    ECR_HOST,
  ]) {
    t.ok(matches(registry), registry);
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
    t.notOk(matches(registry), registry);
  }
  t.end();
});

t.test('a registry host that is a URL, a path or no host is refused by name', (t) => {
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

t.test('mirror pods, pods that opted out and pods without an ECR image stay untouched', (t) => {
  const untouched = { outcome: 'noop', patch: [], warnings: [] };
  const mirror = { annotations: { 'kubernetes.io/config.mirror': '' } };
  const optedOut = { labels: { 'ecr-pull-secrets.io/inject': 'disabled' } };
  for (const injectAll of [false, true]) {
    t.strictSame(review(podWithImage(ECR_IMAGE, mirror), { injectAll }), untouched);
    t.strictSame(review(podWithImage(ECR_IMAGE, optedOut), { injectAll }), untouched);
  }
  t.strictSame(review(podWithImage('nginx')), untouched);
  t.equal(review(podWithImage('nginx'), { injectAll: true }).outcome, 'patched');

  const enabled = { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } };
  t.equal(review(podWithImage(ECR_IMAGE, enabled)).outcome, 'patched');
  t.end();
});

t.test('in an excluded namespace a pod that needs the secret gets a warning instead', (t) => {
  const known = { covers: () => true, excludes: (namespace: string) => namespace === 'payments' };
  const facts = () => known;
  const { outcome, patch, warnings } = review(podWithImage(ECR_IMAGE), { facts });
  t.equal(outcome, 'excluded');
  t.strictSame(patch, []);
  t.match(warnings, [/EXCLUDE_NAMESPACE matches namespace payments/]);
  t.notMatch(warnings, [/ecr-pull-secrets\.io/], 'another label may be the selector');
  t.strictSame(review(podWithImage('nginx'), { facts }).warnings, [], 'not needed, not mentioned');
  t.end();
});

t.test('a registry without a token is injected, with one warning for all its images', (t) => {
  const known = { covers: (name: string) => !name.startsWith(ECR_HOST), excludes: () => false };
  const facts = () => known;
  const spec = {
    containers: [{ image: ECR_IMAGE }, { image: `${ECR_HOST}/b` }, { image: 'nginx' }],
  };
  const { outcome, warnings } = review({ spec }, { facts });
  t.equal(outcome, 'patched');
  t.equal(warnings.length, 1);
  t.match(warnings, [new RegExp(`no token covers registry ${ECR_HOST}`)]);
  t.end();
});

t.test(
  'each image is looked for by its full name, and the first one without a token is named',
  (t) => {
    const asked: string[] = [];
    const covers = (name: string) => asked.push(name) > 0 && name.includes('/team-a');
    const facts = () => ({ covers, excludes: () => false });
    const images = ['team-a/x:1', 'team-b/y@sha256:00', 'team-a/x:2', 'team-c'];
    const spec = { containers: images.map((image) => ({ image: `${ECR_HOST}/${image}` })) };
    const { warnings } = review({ spec }, { facts });
    t.match(warnings, [new RegExp(`Not covered: ${ECR_HOST}/team-b/y$`)]);
    t.strictSame(asked, [`${ECR_HOST}/team-a/x`, `${ECR_HOST}/team-b/y`]);
    t.end();
  },
);

t.test('of a pod of thousands of images the first 100 names are judged', (t) => {
  const asked: string[] = [];
  // From the first name that is not covered on, no other one of its registry is looked at in any case.
  const covers = (name: string) => asked.push(name) > 0 && !name.endsWith('/100');
  const facts = () => ({ covers, excludes: () => false });
  const names = Array.from({ length: 28_000 }, (_, index) => `${ECR_HOST}/${index}`);
  const images = names.flatMap((name) => [`${name}:1`, `${name}:2`, 'nginx']);
  const spec = { containers: images.map((image) => ({ image })) };
  const { outcome, warnings } = review({ spec }, { facts });
  t.equal(outcome, 'patched');
  t.strictSame(asked, names.slice(0, 100));
  t.strictSame(warnings, []);
  t.end();
});

t.test('warnings fit what the API server passes on', (t) => {
  const characters = '🐳'.repeat(300);
  const long = allow('uid', { warnings: [characters] }).response.warnings ?? [];
  t.equal(Array.from(long[0] ?? '').length, 256, 'counted in runes');

  const many = Array.from({ length: 40 }, (_, index) => `${index} ${'x'.repeat(300)}`);
  const fitting = allow('uid', { warnings: many }).response.warnings ?? [];
  t.equal(fitting.length, 16);
  t.equal(fitting.join('').length, 4096);

  const controls = allow('uid', { warnings: ['a\nb\u0000c\u0085d'] }).response.warnings;
  t.strictSame(controls, ['a b c d'], 'one control character would lose the warning');
  t.notOk('warnings' in allow('uid', {}).response);
  t.end();
});
