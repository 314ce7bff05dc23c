import {
  EXPIRES_AT_ANNOTATION,
  ORIGIN_ANNOTATION,
  PRODUCT_NAME,
  PLAN_HASH_ANNOTATION,
  RENEWED_AT_ANNOTATION,
  TAKE_OVER_ANNOTATION,
} from '@ecr-pull-secrets/shared/names.ts';
import { listOf, objectOf, SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import type { ManagedFields, ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { MetadataFields } from '@ecr-pull-secrets/kube/read-json.ts';

/** The key of a `kubernetes.io/dockerconfigjson` secret. */
export const DOCKER_CONFIG_KEY = '.dockerconfigjson';

/** Whether we created a secret, or it existed before. */
export type Origin = 'created' | 'adopted';

/** What is read of a secret's metadata. */
export interface PullSecretMetadata {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Whether the credentials and the annotations about them are still as we applied them. */
  readonly isUntouched: boolean;
  /**
   * Whether the metadata alone allows us to write it: it has annotations of ours, its credentials are the
   * predecessor's, or an annotation says so. The owner of any other secret shows only in its data.
   */
  readonly isOursByMetadata: boolean;
  /** When the first token in it expires; `undefined` if the annotation is absent or no instant. */
  readonly expiresAtMs: number | undefined;
  /** When the newest token in it was obtained. */
  readonly renewedAtMs: number | undefined;
  /** See `TokenPlan`. */
  readonly planHash: string | undefined;
  /** `undefined` without the annotation. */
  readonly origin: Origin | undefined;
}

/** A hash of ours is shorter; a stranger's annotation may have 256 KiB, which must not stay in memory. */
const LONGEST_PLAN_HASH = 64;

/**
 * nabsul/k8s-ecr-login-renew, which this project replaces. The API server takes the name from client-go's User-Agent,
 * which begins with that of the program.
 */
const PREDECESSOR = 'k8s-ecr-login-renew';

/** The annotations that describe the credentials. */
const OUR_ANNOTATIONS = [EXPIRES_AT_ANNOTATION, RENEWED_AT_ANNOTATION, PLAN_HASH_ANNOTATION];

/** The annotations that only we put on a secret. */
const CLAIMS = [...OUR_ANNOTATIONS, ORIGIN_ANNOTATION];

const CREDENTIALS = ['f:data', `f:${DOCKER_CONFIG_KEY}`];

/** The fields that we must still own for a secret to count as untouched. */
const OUR_FIELDS: readonly (readonly string[])[] = [
  CREDENTIALS,
  ...OUR_ANNOTATIONS.map((annotation) => ['f:metadata', 'f:annotations', `f:${annotation}`]),
];

/** What `readPullSecretMetadata` reads. */
export const PULL_SECRET_FIELDS: MetadataFields = {
  annotations: scalarsOf([...CLAIMS, TAKE_OVER_ANNOTATION]),
  managedFields: listOf(
    objectOf({
      manager: SCALAR,
      operation: SCALAR,
      fieldsV1: objectOf({
        'f:data': scalarsOf([`f:${DOCKER_CONFIG_KEY}`]),
        'f:metadata': objectOf({
          'f:annotations': scalarsOf(OUR_ANNOTATIONS.map((annotation) => `f:${annotation}`)),
        }),
      }),
    }),
  ),
};

/** Reads a secret's metadata, from a metadata-only watch or the response to an apply. */
export function readPullSecretMetadata(metadata: ObjectMeta): PullSecretMetadata {
  const { annotations = {}, managedFields = [], uid = '', resourceVersion = '' } = metadata;
  const origin = annotations[ORIGIN_ANNOTATION];
  const planHash = annotations[PLAN_HASH_ANNOTATION];
  return {
    uid,
    resourceVersion,
    isUntouched: managedFields.some(isOurUntouchedApply),
    isOursByMetadata:
      CLAIMS.some((name) => Object.hasOwn(annotations, name)) ||
      annotations[TAKE_OVER_ANNOTATION] === 'enabled' ||
      managedFields.some(isPredecessors),
    expiresAtMs: instantOf(annotations[EXPIRES_AT_ANNOTATION]),
    renewedAtMs: instantOf(annotations[RENEWED_AT_ANNOTATION]),
    planHash: (planHash?.length ?? 0) <= LONGEST_PLAN_HASH ? planHash : undefined,
    origin: origin === 'created' || origin === 'adopted' ? origin : undefined,
  };
}

function instantOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * If another manager changes the value of a field, the API server takes the field from its owner (KEP-555), so what
 * we still own is what we wrote. A manager that writes the same value becomes an owner besides us, which is fine.
 */
function isOurUntouchedApply({ manager, operation, fieldsV1 }: ManagedFields): boolean {
  if (manager !== PRODUCT_NAME || operation !== 'Apply') return false;
  return OUR_FIELDS.every((path) => ownsField(fieldsV1, path));
}

/** A manager that changes the credentials after the predecessor takes them from the predecessor's entry. */
function isPredecessors({ manager, fieldsV1 }: ManagedFields): boolean {
  return manager === PREDECESSOR && ownsField(fieldsV1, CREDENTIALS);
}

/** Whether the `fieldsV1` of a manager contain a field. */
export function ownsField(fields: unknown, path: readonly string[]): boolean {
  let current = fields;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return false;
    if (!Object.hasOwn(current, step)) return false;
    current = Reflect.get(current, step);
  }
  return true;
}
