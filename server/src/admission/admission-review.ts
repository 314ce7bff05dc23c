import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { fieldOf, textOf } from './json-fields.ts';

/** The only version that our webhook configuration accepts. */
export const ADMISSION_API_VERSION = 'admission.k8s.io/v1';
export const ADMISSION_KIND = 'AdmissionReview';

/** What a request must contain, for the messages of a rejection. */
export const EXPECTED_BODY = `a JSON ${ADMISSION_KIND} of ${ADMISSION_API_VERSION} with a request`;

/** The part of an `AdmissionRequest` that the answer depends on. */
export interface AdmissionRequest {
  /** Random for each call; the answer must echo it. */
  readonly uid: string;
  /** Empty for a cluster-scoped object. */
  readonly namespace: string;
  /** Whether the request creates a v1 Pod, and not one of its subresources. */
  readonly createsPod: boolean;
  /** The new object, of any shape. */
  readonly object: unknown;
}

/**
 * Reads an AdmissionReview. Unknown fields are ignored, and a field of the wrong type counts as
 * absent: only what the answer depends on must be right.
 *
 * Source: k8s.io/api/admission/v1 `types.go`.
 *
 * @throws ECRPS_ADMISSION_BODY_INVALID if the body is not an AdmissionReview with a request and a uid
 */
export function readAdmissionRequest(body: unknown): AdmissionRequest {
  const request = fieldOf(body, 'request');
  const uid = textOf(request, 'uid');
  const isReview = textOf(body, 'apiVersion') === ADMISSION_API_VERSION && textOf(body, 'kind') === ADMISSION_KIND;
  if (!isReview || !uid) {
    throw createError('ECRPS_ADMISSION_BODY_INVALID', `the body is not ${EXPECTED_BODY}`);
  }
  return {
    uid,
    namespace: textOf(request, 'namespace') ?? '',
    createsPod: isPodCreation(request),
    object: fieldOf(request, 'object'),
  };
}

function isPodCreation(request: unknown): boolean {
  const kind = fieldOf(request, 'kind');
  return (
    textOf(request, 'operation') === 'CREATE' &&
    textOf(kind, 'group') === '' &&
    textOf(kind, 'version') === 'v1' &&
    textOf(kind, 'kind') === 'Pod' &&
    !textOf(request, 'subResource')
  );
}
