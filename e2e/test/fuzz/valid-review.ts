import type { Random } from './random.ts';
import { CONFIDENTIAL, type Json, setField } from './review.ts';

/** The name that the webhook is configured with. */
export const SECRET = 'ecr-pull-secret';

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const ECR_IMAGES = [`${ECR}/web:1`, `${ECR}/team/app`, `${ECR}:443/app@sha256:${'0'.repeat(64)}`];
const OTHER_IMAGES = ['nginx', 'ghcr.io/org/app:2', `example.com/${ECR}/app`, ''];

/** A review as an API server sends it, and what it must be answered. */
export interface ValidReview {
  readonly body: Buffer;
  readonly uid: string;
  /** RFC 6902. */
  readonly patch: Json;
}

/** A review of a pod that needs the secret, in one of many ways, and does not name it yet. */
export function validReview(random: Random): ValidReview {
  const uid = random.bytes(16).toString('hex');
  const spec: { [key: string]: Json } = {
    containers: others(random),
    initContainers: others(random),
  };
  placeEcrImage(spec, random);
  const own = random.pick<Json>([null, [], [{ name: 'team' }], [{ name: 'team' }, {}]]);
  if (own !== null) spec['imagePullSecrets'] = own;
  const object = { apiVersion: 'v1', kind: 'Pod', metadata: metadata(random), spec };
  return { body: Buffer.from(JSON.stringify(reviewOf(uid, object))), uid, patch: patchOf(own) };
}

function reviewOf(uid: string, object: Json): Json {
  const kind = { group: '', version: 'v1', kind: 'Pod' };
  const request = { uid, kind, namespace: 'team', operation: 'CREATE', object, oldObject: null };
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request };
}

function patchOf(own: Json): Json {
  const reference = { name: SECRET };
  return own === null
    ? [{ op: 'add', path: '/spec/imagePullSecrets', value: [reference] }]
    : [{ op: 'add', path: '/spec/imagePullSecrets/-', value: reference }];
}

function others(random: Random): Json[] {
  return Array.from({ length: random.below(4) }, (_, index) => ({
    name: `other-${index}`,
    image: random.pick(OTHER_IMAGES),
    env: [{ name: 'PASSWORD', value: CONFIDENTIAL }],
  }));
}

function placeEcrImage(spec: { [key: string]: Json }, random: Random): void {
  const image = random.pick(ECR_IMAGES);
  const place = random.pick(['containers', 'initContainers', 'volumes']);
  const list = spec[place] ?? [];
  if (!Array.isArray(list)) return;
  list.splice(random.below(list.length + 1), 0, place === 'volumes' ? { image: { reference: image } } : { image });
  spec[place] = list;
}

/** Legal, and made to be in the way: a key with a meaning in JavaScript, a long text of long characters. */
function metadata(random: Random): Json {
  const annotations = { text: random.pick(['<', 'Ж', '\u0001']).repeat(random.below(20_000)) };
  setField(annotations, random.pick(['__proto__', 'constructor', 'toString']), CONFIDENTIAL);
  return { generateName: 'web-', annotations };
}
