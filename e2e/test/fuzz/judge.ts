import { isDeepStrictEqual } from 'node:util';
import { CONFIDENTIAL, type Json } from './review.ts';
import { SECRET, type ValidReview } from './valid-review.ts';

/** What the webhook said to a body. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Bodies up to this never have to wait for others (server `body-budget.ts`). */
const FREE_BYTES = 512 * 1024;
/** Longer ones are not read (server `request-body.ts`). */
const MAX_BYTES = 24 * 1024 ** 2;

/** What is wrong with the answer to a valid review; `undefined` where nothing is. */
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
export function judgeHostile(body: Buffer, { status, text }: Answer): string | undefined {
  if (status === 429 && body.length > FREE_BYTES) return undefined;
  const review = body.length > MAX_BYTES ? undefined : readReview(body);
  const expectedStatus = review ? 200 : body.length > MAX_BYTES ? 413 : 400;
  if (status !== expectedStatus) return `status ${status} instead of ${expectedStatus}`;
  if (!review) return text.includes(CONFIDENTIAL) ? 'the refusal quotes the body' : undefined;
  return judgeReview(review.request, text);
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

/** A review with all that an answer needs; `undefined` where the body is something else. */
function readReview(body: Buffer): { readonly request: ReviewRequest } | undefined {
  const review = parse(body);
  const request = ownField(review, 'request');
  const uid = ownField(request, 'uid');
  const isReview =
    ownField(review, 'apiVersion') === 'admission.k8s.io/v1' &&
    ownField(review, 'kind') === 'AdmissionReview';
  if (!isReview || typeof uid !== 'string' || uid === '') return undefined;
  return { request: { uid, object: ownField(request, 'object') } };
}

function parse(body: Buffer): Json | undefined {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function ownField(value: Json | undefined, name: string): Json | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.hasOwn(value, name) ? value[name] : undefined;
}
