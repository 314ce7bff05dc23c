import { fieldOf, isJsonObject, textOf } from './json-fields.ts';

/** A reference to a Secret in the pod's namespace (core/v1 `LocalObjectReference`). */
type SecretReference = Readonly<{ name: string }>;

/** The one RFC 6902 operation in use: `replace`, `remove` and `test` could undo or reject a pod. */
export type AddOperation = Readonly<
  { op: 'add' } & (
    | { path: '/spec/imagePullSecrets'; value: readonly SecretReference[] }
    | { path: '/spec/imagePullSecrets/-'; value: SecretReference }
  )
>;

/**
 * The patch that adds a pull secret to a pod, as RFC 6902 operations; empty if the pod names the secret
 * already. The pod's own secrets, which include those of its ServiceAccount, keep their order.
 *
 * The patch always applies: if one does not apply, the API server rejects the pod, even under
 * `failurePolicy: Ignore` (apiserver `mutating/dispatcher.go`). So a pod without a `spec`, or whose
 * `imagePullSecrets` is not a list, stays unchanged; `null` counts as absent.
 */
export function pullSecretPatch(pod: unknown, pullSecretName: string): readonly AddOperation[] {
  const spec = fieldOf(pod, 'spec');
  if (!isJsonObject(spec)) return [];
  const present = fieldOf(spec, 'imagePullSecrets') ?? undefined;
  if (present === undefined) {
    return [{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: pullSecretName }] }];
  }
  if (!Array.isArray(present)) return [];
  if (present.some((entry) => textOf(entry, 'name') === pullSecretName)) return [];
  return [{ op: 'add', path: '/spec/imagePullSecrets/-', value: { name: pullSecretName } }];
}
