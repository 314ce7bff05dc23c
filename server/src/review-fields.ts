import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { MIRROR_POD_ANNOTATION } from './pod-review.ts';
import type { Selection } from './select-json.ts';

const SCALAR: Selection = { scalar: true };

const CONTAINERS = listOf({ image: SCALAR });

/**
 * The fields of an AdmissionReview that an answer depends on, or the log names: no others are read. What
 * `admission-review.ts`, `pod-review.ts`, `pod-images.ts` and `pull-secret-patch.ts` look at stands here.
 */
export const REVIEW_FIELDS: Selection = objectOf({
  apiVersion: SCALAR,
  kind: SCALAR,
  request: objectOf({
    uid: SCALAR,
    namespace: SCALAR,
    operation: SCALAR,
    subResource: SCALAR,
    kind: objectOf({ group: SCALAR, version: SCALAR, kind: SCALAR }),
    object: objectOf({
      metadata: objectOf({
        name: SCALAR,
        generateName: SCALAR,
        labels: objectOf({ [INJECT_LABEL]: SCALAR }),
        annotations: objectOf({ [MIRROR_POD_ANNOTATION]: SCALAR }),
      }),
      spec: objectOf({
        initContainers: CONTAINERS,
        containers: CONTAINERS,
        volumes: listOf({ image: objectOf({ reference: SCALAR }) }),
        imagePullSecrets: listOf({ name: SCALAR }),
      }),
    }),
  }),
});

function objectOf(fields: Readonly<Record<string, Selection>>): Selection {
  return { fields: Object.entries(fields) };
}

function listOf(fields: Readonly<Record<string, Selection>>): Selection {
  return { items: objectOf(fields) };
}
