import { isDeepStrictEqual } from 'node:util';
import { CONFIDENTIAL, type Json } from './review.ts';
import { SECRET, type ValidReview } from './valid-review.ts';

/** What the webhook said to a body. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Bodies up to this are there in a moment, so that they never have to make room for others. */
const SMALL_BYTES = 64 * 1024;
/** Longer ones are not read (server `body-limit.ts`). */
const MAX_BYTES = 10 * 1024 ** 2;
/** Deeper ones are not read, and longer texts are read as empty ones (server `review-fields.ts`). */
const MAX_DEPTH = 64;
const MAX_TEXT = 4_094;
/** No kind has between half as many and twice as many: what stands in an item counts too. */
const MAX_ITEMS = 131_072;
const READ_LISTS = ['initContainers', 'containers', 'volumes', 'imagePullSecrets'];

/** What is wrong with the answer to a valid review; `undefined` if nothing is. */
export function judgeValid({ uid, patch }: ValidReview, answer: Answer): string | undefined {
  if (answer.status !== 200) return `a valid review got ${answer.status}`;
  const expected = {
    uid,
    allowed: true,
    patchType: 'JSONPatch',
    patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
  };
  const { response } = JSON.parse(answer.text);
  return isDeepStrictEqual(response, expected) ? undefined : 'a valid pod was not injected';
}

/**
 * What is wrong with the answer to a hostile body. Where it is a review all the same, it must be
 * answered as one, with a patch that applies; else it must be refused, by the client's own fault.
 */
export function judgeHostile(body: Buffer, answer: Answer): string | undefined {
  const { status, text } = answer;
  if (status === 429 && body.length > SMALL_BYTES) return undefined;
  const { expected, request } = expectation(body);
  if (!expected.includes(status)) return `status ${status} instead of ${expected.join(' or ')}`;
  if (!request) return text.includes(CONFIDENTIAL) ? 'the refusal quotes the body' : undefined;
  return judgeReview(request, text);
}

interface Expectation {
  /** The statuses that are right. */
  readonly expected: readonly number[];
  /** Of a body that is a review. */
  readonly request?: ReviewRequest;
}

function expectation(body: Buffer): Expectation {
  if (body.length > MAX_BYTES) return { expected: [413] };
  const document = parse(body);
  // What comes first decides: the level that is one too many, or what is no JSON.
  if (!document) return { expected: [400, 413] };
  if (isDeeper(document.value, MAX_DEPTH)) return { expected: [413] };
  const request = readReview(document.value);
  if (!request) return { expected: [400] };
  return hasManyItems(request) ? { expected: [413] } : { expected: [200], request };
}

/** Whether the lists that are read have more items than any pod that can be stored. */
function hasManyItems({ object }: ReviewRequest): boolean {
  const spec = ownField(object, 'spec');
  const lists = READ_LISTS.map((name) => ownField(spec, name)).filter(Array.isArray);
  const items = lists.reduce((sum, list) => sum + list.length, 0);
  return items > MAX_ITEMS;
}

/** Whether lists and objects stand in each other more than so many times. */
function isDeeper(value: Json, levels: number): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; depth <= levels; depth++) {
    level = level.filter((one) => typeof one === 'object' && one !== null);
    if (level.length === 0) return false;
    level = level.flatMap((one) => Object.values(one ?? {}));
  }
  return true;
}

/** What is wrong with what came over a connection that was harmed. */
export function judgeAttack(said: string): string | undefined {
  if (said.includes(CONFIDENTIAL)) return 'an answer quotes the request';
  const statuses = [...said.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status));
  const wrong = statuses.find((status) => status < 400 || status > 499);
  return wrong === undefined ? undefined : `status ${wrong}`;
}

function judgeReview({ uid, object }: ReviewRequest, text: string): string | undefined {
  const { response, ...rest } = JSON.parse(text);
  const { patchType, patch, ...verdict } = response;
  const type = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' };
  if (!isDeepStrictEqual(rest, type)) return 'the answer is no AdmissionReview';
  if (!isDeepStrictEqual(verdict, { uid, allowed: true })) return 'the verdict is not "allowed"';
  if (patch === undefined) return patchType === undefined ? undefined : 'patchType without patch';
  if (patchType !== 'JSONPatch') return 'patch without patchType';
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString());
  return isDeepStrictEqual(operations, applicablePatch(object)) ? undefined : 'a wrong patch';
}

/** The one patch that applies to a pod, whatever it is. */
function applicablePatch(pod: Json | undefined): Json | undefined {
  const spec = ownField(pod, 'spec');
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return undefined;
  const reference = { name: SECRET };
  const present = ownField(spec, 'imagePullSecrets') ?? null;
  if (present === null) return [{ op: 'add', path: '/spec/imagePullSecrets', value: [reference] }];
  if (!Array.isArray(present)) return undefined;
  return [{ op: 'add', path: '/spec/imagePullSecrets/-', value: reference }];
}

interface ReviewRequest {
  readonly uid: string;
  readonly object: Json | undefined;
}

/** The request of a review with all that an answer needs; `undefined` if it is something else. */
function readReview(review: Json): ReviewRequest | undefined {
  const request = ownField(review, 'request');
  const uid = ownField(request, 'uid');
  const isReview =
    ownField(review, 'apiVersion') === 'admission.k8s.io/v1' && ownField(review, 'kind') === 'AdmissionReview';
  if (!isReview || typeof uid !== 'string' || uid === '' || uid.length > MAX_TEXT) return undefined;
  return { uid, object: ownField(request, 'object') };
}

function parse(body: Buffer): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(body.toString('utf8')) };
  } catch {
    return undefined;
  }
}

function ownField(value: Json | undefined, name: string): Json | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? value[name] : undefined;
}
