import assert from 'node:assert/strict';
import { createMetricsRegistry } from '@ecr-pull-secrets/shared/metrics.ts';
import * as fc from 'fast-check';
import t from 'tap';
import { readReviewFields } from '../../src/admission/review-fields.ts';
import { createReviewHandler } from '../../src/admission/review-handler.ts';
import { MAX_BODY_BYTES } from '../../src/http/body-limit.ts';
import { createWebhookMetrics } from '../../src/metrics.ts';
import type { Facts } from '../../src/renewer-facts.ts';
import { decider, ECR_IMAGE, ECR_POD, FIXTURE, podOf, reviewOf, startApp } from '../support/app.ts';
import { type Call, call, recordLog } from '../support/webhook.ts';
import { applyOperations, verifyAdmissionResponse } from '../support/verify-admission-response.ts';

/** A value that must appear in no answer and no log. */
const CONFIDENTIAL = 'hunter2';

t.test('the API server accepts every answer, and each patch applies', async (t) => {
  const facts: Facts = {
    covers: () => false,
    excludes: (namespace) => namespace === 'excluded',
  };
  const { post, metrics } = await startApp(t, decider(facts));
  const volume = { name: 'model', image: { reference: ECR_IMAGE } };
  const own = { imagePullSecrets: [{ name: 'team' }, {}, { name: 'team' }] };
  const named = { imagePullSecrets: [{ name: 'ecr-pull-secret' }] };
  const mirror = { annotations: { 'kubernetes.io/config.mirror': '' } };
  const labels = { 'ecr-pull-secrets.io/inject': 'disabled' };
  const deployment = { group: 'apps', version: 'v1', kind: 'Deployment' };
  const cases: Readonly<Record<string, { review: object; adds?: boolean; warns?: boolean }>> = {
    'recorded from a real API server': { review: FIXTURE, adds: true, warns: true },
    'an ECR image': { review: reviewOf(ECR_POD), adds: true, warns: true },
    'an init container': {
      review: reviewOf(podOf({ initContainers: [{ image: ECR_IMAGE }] })),
      adds: true,
      warns: true,
    },
    'an image volume': { review: reviewOf(podOf({ volumes: [volume] })), adds: true, warns: true },
    'secrets of its own': {
      review: reviewOf(podOf({ ...ECR_POD.spec, ...own })),
      adds: true,
      warns: true,
    },
    'named already': { review: reviewOf(podOf({ ...ECR_POD.spec, ...named })), warns: true },
    'no ECR image': { review: reviewOf(podOf({ containers: [{ image: 'nginx' }] })) },
    'no spec': { review: reviewOf({ metadata: {} }) },
    'a mirror pod': { review: reviewOf(podOf(ECR_POD.spec, mirror)) },
    'opted out': { review: reviewOf(podOf(ECR_POD.spec, { labels })) },
    'an excluded namespace': {
      review: reviewOf(ECR_POD, { namespace: 'excluded' }),
      warns: true,
    },
    'no object': { review: reviewOf(null) },
    'another kind': { review: reviewOf(ECR_POD, { kind: deployment }) },
    'another version': { review: reviewOf(ECR_POD, { kind: { ...deployment, version: 'v2' } }) },
    'an update': { review: reviewOf(ECR_POD, { operation: 'UPDATE' }) },
    'a subresource': { review: reviewOf(ECR_POD, { subResource: 'ephemeralcontainers' }) },
    'no kind': { review: reviewOf(ECR_POD, { kind: undefined }) },
    'unknown fields': { review: { ...FIXTURE, new: { field: 1 } }, adds: true, warns: true },
  };
  for (const [name, { review, adds = false, warns = false }] of Object.entries(cases)) {
    const { status, headers, text } = await post(review);
    t.equal(status, 200, name);
    t.match(headers['content-type'], /^application\/json/, name);
    const { operations, warnings } = verifyAdmissionResponse(FIXTURE.request.uid, text);
    t.equal(operations.length, adds ? 1 : 0, `${name}: patch`);
    t.equal(warnings.length, warns ? 1 : 0, `${name}: warnings`);
    const { object } = JSON.parse(JSON.stringify(review)).request;
    const patched = applyOperations(object, operations);
    if (adds) t.match(patched.spec.imagePullSecrets.at(-1), { name: 'ecr-pull-secret' }, name);
  }
  t.match(await metrics(), /admission_requests_total\{result="patched"\} 6\n/);
  t.match(await metrics(), /admission_requests_total\{result="excluded"\} 1\n/);
  t.match(await metrics(), /admission_requests_total\{result="noop"\} 11\n/);
  t.match(await metrics(), /admission_uncovered_pods_total 7\n/, 'each pod with the secret');
  t.match(await metrics(), /admission_duration_seconds_count 18\n/);
  t.match(await metrics(), /admission_in_flight 0\n/);
});

t.test('a request that is not a review is rejected with the reason, and is not quoted', async (t) => {
  const { port, log, metrics } = await startApp(t);
  const json = { 'content-type': 'application/json' };
  const review = JSON.stringify(reviewOf(podOf({ containers: [{ image: CONFIDENTIAL }] })));
  const refusals: readonly (readonly [name: string, status: number, reason: RegExp, request: Omit<Call, 'port'>])[] = [
    ['another path', 404, /POST \/mutate/, { path: `/${CONFIDENTIAL}`, body: review }],
    ['the root', 404, /POST \/mutate/, { method: 'GET', path: '/' }],
    ['a path that is no path', 404, /POST \/mutate/, { path: `/%zz${CONFIDENTIAL}` }],
    ['GET', 405, /POST only/, { method: 'GET' }],
    ['PUT', 405, /POST only/, { method: 'PUT', headers: json, body: review }],
    ['DELETE', 405, /POST only/, { method: 'DELETE' }],
    ['OPTIONS', 405, /POST only/, { method: 'OPTIONS' }],
    ['PROPFIND', 405, /POST only/, { method: 'PROPFIND' }],
    ['a form', 400, /content-type/, { headers: {}, body: review }],
    ['a text', 400, /content-type/, { headers: { 'content-type': 'text/plain' }, body: review }],
    ['no media type', 400, /content-type/, { headers: { 'content-type': 'x' }, body: review }],
    ['JSON cut off', 400, /not JSON/, { headers: json, body: review.slice(0, -9) }],
    ['no JSON', 400, /not JSON/, { headers: json, body: CONFIDENTIAL }],
    ['nothing', 400, /not JSON/, { headers: json }],
    ['bytes', 400, /not JSON/, { headers: json, body: Buffer.from([0xff, 0, 0xfe]) }],
    ['a list', 400, /not a JSON AdmissionReview/, { headers: json, body: '[]' }],
    ['null', 400, /not a JSON AdmissionReview/, { headers: json, body: 'null' }],
    ['an empty object', 400, /AdmissionReview/, { headers: json, body: '{}' }],
    ['a pod', 400, /AdmissionReview/, { headers: json, body: JSON.stringify(ECR_POD) }],
    [
      'another version',
      400,
      /admission\.k8s\.io\/v1 /,
      {
        headers: json,
        body: JSON.stringify({ ...FIXTURE, apiVersion: 'admission.k8s.io/v1beta1' }),
      },
    ],
    [
      'a review without uid',
      400,
      /AdmissionReview/,
      { headers: json, body: JSON.stringify(reviewOf(ECR_POD, { uid: '' })) },
    ],
    [
      'too large',
      413,
      new RegExp(`the limit is ${MAX_BODY_BYTES}`),
      { headers: json, body: Buffer.alloc(MAX_BODY_BYTES + 1, ' ') },
    ],
  ];
  for (const [name, status, reason, request] of refusals) {
    const answer = await call({ port, headers: {}, ...request });
    t.equal(answer.status, status, name);
    t.match(answer.text, reason, name);
    t.match(answer.headers['content-type'], /^text\/plain/, 'client-go shows only plain text to people');
    t.equal(answer.headers.allow, status === 405 ? 'POST' : undefined, name);
    t.notMatch(answer.text, CONFIDENTIAL, name);
  }
  t.strictSame(log, [], 'rejected requests are not logged');
  t.match(await metrics(), `admission_requests_total{result="refused"} ${refusals.length}\n`);
  t.match(await metrics(), 'admission_in_flight 0\n');
});

t.test('keys with the names of JavaScript properties, such as __proto__, are ordinary keys', async (t) => {
  const { post } = await startApp(t);
  const hostile = '{"__proto__":{"image":"x"},"constructor":{"prototype":{"y":1}},"toString":"z"}';
  const review = JSON.stringify(reviewOf(ECR_POD));
  for (const body of [
    review.replace('"metadata":{', `"metadata":{"labels":${hostile},`),
    review.replace('"spec":{', `"spec":{"__proto__":{"imagePullSecrets":[]},"constructor":1,`),
    review.replace('"request":{', `"request":${hostile.slice(0, -1)},`),
  ]) {
    const { status, text } = await post(body);
    t.equal(status, 200);
    const { operations } = verifyAdmissionResponse(FIXTURE.request.uid, text);
    t.match(operations, [{ path: '/spec/imagePullSecrets' }]);
  }
  t.notOk('image' in {} || 'y' in {}, 'no prototype was changed');
});

t.test('an internal error allows the pod with a warning, and is logged and counted', async (t) => {
  const { post, log, metrics } = await startApp(t, () => {
    throw new Error('broken on purpose');
  });
  const { status, text } = await post(FIXTURE);

  t.equal(status, 200);
  const { operations, warnings } = verifyAdmissionResponse(FIXTURE.request.uid, text);
  t.strictSame(operations, []);
  t.match(warnings, [/internal error/]);
  t.match(log, [/broken on purpose/]);
  t.match(JSON.parse(log[0] ?? ''), { level: 'error', namespace: 't1', pod: 'web-64bdcdb5d9-' });
  t.match(await metrics(), 'admission_requests_total{result="error"} 1\n');
});

t.test('neither the token of the caller nor the contents of a pod reach the log', async (t) => {
  const { post, log } = await startApp(t);
  const env = [{ name: 'PASSWORD', value: CONFIDENTIAL }];
  const pod = podOf({ containers: [{ image: ECR_IMAGE, env, args: [CONFIDENTIAL] }] });

  const { status } = await post(reviewOf(pod), { authorization: `Bearer ${CONFIDENTIAL}` });

  t.equal(status, 200);
  t.equal(log.length, 1, 'one line for an injection');
  t.match(JSON.parse(log[0] ?? ''), { level: 'debug', namespace: 't1', pod: 'web' });
  t.notMatch(log.join(''), CONFIDENTIAL);
});

t.test('a review is answered and its patch applies, whatever its fields contain', (t) => {
  const { logger, lines } = recordLog();
  const metrics = createWebhookMetrics(createMetricsRegistry());
  const handleReview = createReviewHandler({ decide: decider(), metrics, logger });
  const paths = fieldPaths(FIXTURE.request).filter((path) => path !== '/uid');
  const property = fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
    const request = applyOperations(FIXTURE.request, [{ op: 'replace', path, value }]);
    const review = { ...FIXTURE, request };
    const answer = JSON.stringify(handleReview(review));
    const selected = readReviewFields(Buffer.from(JSON.stringify(review)));
    assert.equal(JSON.stringify(handleReview(selected)), answer, 'the selected fields are enough');
    const { operations } = verifyAdmissionResponse(FIXTURE.request.uid, answer);
    applyOperations(request.object, operations);
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 3000 }));
  t.notMatch(lines.join(''), '"level":"error"');
  t.end();
});

/** JSON pointers of all fields, including those that are objects and lists. */
function fieldPaths(value: unknown, path = ''): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, field]) => {
    const own = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return [own].concat(fieldPaths(field, own));
  });
}
