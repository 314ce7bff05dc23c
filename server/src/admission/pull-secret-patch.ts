import { fieldOf, isJsonObject, textOf } from './json-fields.ts';

/** A reference to a Secret of the pod's namespace (core/v1 `LocalObjectReference`). */
interface SecretReference {
  readonly name: string;
}

/** The one RFC 6902 operation in use: `replace`, `remove` and `test` could undo or reject a pod. */
export type AddOperation =
  | {
      readonly op: 'add';
      readonly path: '/spec/imagePullSecrets';
      readonly value: readonly SecretReference[];
    }
  | {
      readonly op: 'add';
      readonly path: '/spec/imagePullSecrets/-';
      readonly value: SecretReference;
    };

/**
 * What to do so that a pod names a pull secret, in the words of RFC 6902; nothing where it does
 * already. The pod's own secrets, which include those of its ServiceAccount, keep their order.
 *
 * The patch always applies: one that does not makes the API server reject the pod, even under
 * `failurePolicy: Ignore` (apiserver `mutating/dispatcher.go`). So a pod without a `spec`, or whose
 * list is no list, is left alone; a list that is `null` is as good as absent.
 */
export function pullSecretPatch(pod: unknown, secretName: string): readonly AddOperation[] {
  const spec = fieldOf(pod, 'spec');
  if (!isJsonObject(spec)) return [];
  const present = fieldOf(spec, 'imagePullSecrets') ?? undefined;
  if (present === undefined) {
    return [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: secretName }] }];
  }
  if (!Array.isArray(present)) return [];
  if (present.some((entry) => textOf(entry, 'name') === secretName)) return [];
  return [{ op: 'add', path: '/spec/imagePullSecrets/-', value: { name: secretName } }];
}
