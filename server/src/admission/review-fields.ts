import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import {
  listOf,
  objectOf,
  SCALAR,
  type Selection,
  type SelectLimits,
  selectJson,
} from '@ecr-pull-secrets/shared/json/select-json.ts';
import { EXPECTED_BODY } from './admission-review.ts';
import { MIRROR_POD_ANNOTATION } from './pod-decision.ts';

const CONTAINERS = listOf(objectOf({ image: SCALAR }));

const REVIEW_LIMITS: SelectLimits = {
  /**
   * The deepest fields of a pod are the `managedFields` of a volume's claim template
   * (`request.object.metadata.managedFields[].fieldsV1.f:spec.f:volumes…`): 16 levels.
   */
  depth: 64,
  /**
   * 14 MiB of memory. An object of 1.5 MiB in etcd has at most 28,000 containers (55 bytes of protobuf each), which
   * are two values each with the image, or 121,000 volumes (13 bytes).
   */
  values: 131_072,
  /**
   * Names of objects have at most 253 characters, and image references at most 255 before the tag and the
   * digest (distribution/reference `NameTotalLengthMax`).
   */
  scalarBytes: 4_096,
};

/**
 * The schema of `POST /mutate`: the fields of an AdmissionReview that the answer depends on or that the log names.
 * No others are read, so a field that `admission-review.ts`, `pod-decision.ts`, `image-matcher.ts`,
 * `pull-secret-patch.ts` or `review-handler.ts` uses must be listed here.
 *
 * A selection and not a JSON schema, because Fastify validates only what is parsed already, and parsing is what
 * costs memory and time (docs/decisions/0012).
 */
const REVIEW_FIELDS: Selection = objectOf({
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
        volumes: listOf(objectOf({ image: objectOf({ reference: SCALAR }) })),
        imagePullSecrets: listOf(objectOf({ name: SCALAR })),
      }),
    }),
  }),
});

/**
 * Reads the selected fields from the body of a review.
 *
 * @throws ECRPS_ADMISSION_BODY_INVALID if the body is not JSON, ECRPS_ADMISSION_BODY_TOO_LARGE beyond a limit
 */
export function readReviewFields(body: Buffer): unknown {
  try {
    return selectJson(body, REVIEW_FIELDS, REVIEW_LIMITS);
  } catch (error) {
    if (error instanceof RangeError) {
      throw createError('ECRPS_ADMISSION_BODY_TOO_LARGE', `the body is ${error.message}`);
    }
    throw createError('ECRPS_ADMISSION_BODY_INVALID', `the body is not JSON, expected ${EXPECTED_BODY}`);
  }
}
