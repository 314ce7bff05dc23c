import { applyPatch, type Operation } from 'rfc6902';

/** What the API server uses from an answer. */
export interface VerifiedAnswer {
  readonly operations: readonly Operation[];
  readonly warnings: readonly string[];
}

/**
 * A port of `VerifyAdmissionResponse` for a mutating webhook and version v1, and of the checks of the mutating
 * dispatcher before it applies the patch.
 *
 * Source: apiserver `pkg/admission/plugin/webhook/request/admissionreview.go` and
 * `webhook/mutating/dispatcher.go` (v0.37), with the Go types' JSON names.
 *
 * @throws if the API server would count the call as failed or reject the object
 */
export function verifyAdmissionResponse(uid: string, body: string): VerifiedAnswer {
  const review = JSON.parse(body);
  const { response } = review;
  if (!response) throw new Error('webhook response was absent');
  if (response.uid !== uid) throw new Error(`expected response.uid=${uid}, got ${response.uid}`);
  if (review.apiVersion !== 'admission.k8s.io/v1' || review.kind !== 'AdmissionReview') {
    throw new Error(`unexpected ${review.apiVersion} ${review.kind}`);
  }
  if (response.allowed !== true) throw new Error('the object was rejected');
  return { operations: decodeOperations(response), warnings: response.warnings ?? [] };
}

function decodeOperations(response: { patch?: unknown; patchType?: unknown }): Operation[] {
  const patch = decodeBytes(response.patch);
  if (patch.length === 0) {
    if (response.patchType !== undefined) throw new Error('patchType without patch');
    return [];
  }
  if (response.patchType !== 'JSONPatch') throw new Error('patch without a patchType in use');
  const operations = JSON.parse(patch.toString('utf8'));
  if (!Array.isArray(operations)) throw new Error('the patch is no list of operations');
  return operations;
}

/** A copy of the object with the operations applied. @throws if one does not apply */
export function applyOperations<T>(object: T, operations: readonly Operation[]): T {
  const copy = structuredClone(object);
  const failed = applyPatch(copy, structuredClone([...operations])).find(Boolean);
  if (failed) throw failed;
  return copy;
}

/** Go reads a `[]byte` field strictly: standard alphabet, padded. */
function decodeBytes(text: unknown): Buffer {
  if (text === undefined) return Buffer.alloc(0);
  const bytes = Buffer.from(typeof text === 'string' ? text : '', 'base64');
  if (bytes.toString('base64') !== text) throw new Error('illegal base64 data');
  return bytes;
}
