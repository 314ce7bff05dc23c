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

/** Whether we made a secret or found it there. */
export type Origin = 'created' | 'adopted';

/** What a secret's metadata tells. */
export interface PullSecretMetadata {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Whether the credentials and what is said about them are still as we applied them. */
  readonly isUntouched: boolean;
  /**
   * Whether the metadata alone allow us to write it: it has annotations of ours, its credentials are the
   * predecessor's, or a person says so. Of all others nobody knows whose they are before they are read.
   */
  readonly isClaimed: boolean;
  /** When the first token in it dies; `undefined` where nobody says or the text is no instant. */
  readonly expiresAtMs: number | undefined;
  /** When the newest token in it was got. */
  readonly renewedAtMs: number | undefined;
  /** See `TokenPlan`. */
  readonly planHash: string | undefined;
  /** `undefined` where nobody says. */
  readonly origin: Origin | undefined;
}

/** A planHash of ours is shorter; a stranger's annotation may have 256 KiB, which are not to be kept. */
const LONGEST_PLAN_HASH = 64;

/**
 * nabsul/k8s-ecr-login-renew, which this project replaces. The API server takes the name from client-go's User-Agent,
 * which begins with that of the program.
 */
const PREDECESSOR = 'k8s-ecr-login-renew';

/** The annotations that say what the credentials are. */
const OUR_ANNOTATIONS = [EXPIRES_AT_ANNOTATION, RENEWED_AT_ANNOTATION, PLAN_HASH_ANNOTATION];

/** What nobody but us puts on a secret. */
const CLAIMS = [...OUR_ANNOTATIONS, ORIGIN_ANNOTATION];

const CREDENTIALS = ['f:data', `f:${DOCKER_CONFIG_KEY}`];

/** What must still be ours for a secret to count as untouched. */
const OUR_FIELDS: readonly (readonly string[])[] = [
  CREDENTIALS,
  ...OUR_ANNOTATIONS.map((annotation) => ['f:metadata', 'f:annotations', `f:${annotation}`]),
];

/** What `readPullSecretMetadata` looks at. */
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

/** Reads a secret's metadata, as a metadata-only watch or the answer to an apply brings it. */
export function readPullSecretMetadata(metadata: ObjectMeta): PullSecretMetadata {
  const { annotations = {}, managedFields = [], uid = '', resourceVersion = '' } = metadata;
  const origin = annotations[ORIGIN_ANNOTATION];
  return {
    uid,
    resourceVersion,
    isUntouched: managedFields.some(isOurUntouchedApply),
    isClaimed:
      CLAIMS.some((name) => Object.hasOwn(annotations, name)) ||
      annotations[TAKE_OVER_ANNOTATION] === 'enabled' ||
      managedFields.some(isPredecessors),
    expiresAtMs: instantOf(annotations[EXPIRES_AT_ANNOTATION]),
    renewedAtMs: instantOf(annotations[RENEWED_AT_ANNOTATION]),
    planHash: planHashOf(annotations[PLAN_HASH_ANNOTATION]),
    origin: origin === 'created' || origin === 'adopted' ? origin : undefined,
  };
}

function planHashOf(text: string | undefined): string | undefined {
  return text !== undefined && text.length <= LONGEST_PLAN_HASH ? text : undefined;
}

function instantOf(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * The API server takes a field from its owner when somebody else changes its value (KEP-555), so what we
 * still own is what we wrote. Whoever writes the same value becomes an owner besides us, which is fine.
 */
function isOurUntouchedApply({ manager, operation, fieldsV1 }: ManagedFields): boolean {
  if (manager !== PRODUCT_NAME || operation !== 'Apply') return false;
  return OUR_FIELDS.every((path) => owns(fieldsV1, path));
}

/** Whoever changes the credentials after the predecessor takes them from its entry. */
function isPredecessors({ manager, fieldsV1 }: ManagedFields): boolean {
  return manager === PREDECESSOR && owns(fieldsV1, CREDENTIALS);
}

function owns(fields: unknown, path: readonly string[]): boolean {
  let current = fields;
  for (const step of path) {
    if (typeof current !== 'object' || current === null) return false;
    if (!Object.hasOwn(current, step)) return false;
    current = Reflect.get(current, step);
  }
  return true;
}
