import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { TAKE_OVER_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { quoteKey } from '../../credentials/registries/registry-key.ts';
import type { RefusalCause } from '../apply/failure-cause.ts';
import { SLOW_WRITE_MS } from '../queue/pacing.ts';

/** Nothing else makes one namespace slow while the others are quick. */
const SLOW_ADVICE =
  'As a rule an admission webhook for secrets does not respond, and the API server waits for each one as long as its timeoutSeconds. Find it in the output of "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations", and repair it, or exclude the secrets of this namespace in its configuration.';

const ADVICE: Readonly<Record<RefusalCause, string>> = {
  webhook:
    'is not written because an admission webhook refuses it. Change its rules so that they allow ecr-pull-secrets to write this secret, or exclude this namespace in its configuration.',
  'webhook-unavailable':
    'is not written because an admission webhook that must agree does not respond. Repair that webhook, or exclude the secrets of this namespace in its configuration.',
  slow: `is not written because the API server did not finish the write in time. ${SLOW_ADVICE}`,
  policy:
    'is not written because an admission policy refuses it. Change the policy so that it allows ecr-pull-secrets to write this secret, or exclude this namespace in its binding.',
  quota: 'is not written because of a quota. Raise it in this namespace, or delete secrets that are not needed.',
  rights:
    'is not written because the ServiceAccount of ecr-pull-secrets lacks a right: it needs the verbs create and patch on this secret, and list (a single run: get) to read whose it is, as in the roles of the chart.',
  forbidden: 'may not be written: missing permissions or a rule of this cluster refuse it.',
  content:
    'exists but cannot hold pull credentials: it is immutable or not of type kubernetes.io/dockerconfigjson. Delete or rename it, or choose another name by the chart value dockerSecretName.',
  size: 'is not written because it would be larger than etcd stores: labels, annotations or data of others fill it. Remove them, or delete the secret, which is then created again.',
  other: 'could not be written.',
};

/** What to do about a write that the API server refuses in one namespace. */
export function denialMessage(cause: RefusalCause, error: unknown, pullSecretName: string): string {
  const detail = isApiError(error) ? `The API server responded: ${error.message}` : describeError(error);
  return `Secret "${pullSecretName}" ${ADVICE[cause]} ${detail}`;
}

/** What to do about a write that took long. */
export function slowMessage(pullSecretName: string, tookMs: number): string {
  return `Secret "${pullSecretName}" was written, but that took ${Math.round(tookMs / 1000)} s. ${SLOW_ADVICE}`;
}

/** The same about several namespaces. */
export function slowNamespacesMessage(count: number, namespaces: string): string {
  return `writing the secret took more than ${SLOW_WRITE_MS / 1000} s in ${count}: ${namespaces}. ${SLOW_ADVICE}`;
}

/** What to do about a secret with credentials of others. */
export function foreignMessage(pullSecretName: string, namespace: string, foreignKeys: readonly string[]): string {
  const [first = ''] = foreignKeys;
  const more = foreignKeys.length > 1 ? ` and ${foreignKeys.length - 1} more` : '';
  const keys = `${quoteKey(first)}${more}`;
  return `Secret "${pullSecretName}" belongs to others: it has credentials for ${keys}, which would be lost. It is left as it is, and an ECR token in it is not renewed. Give it another name, or choose another one by the chart value dockerSecretName. If it may be replaced: "kubectl annotate secret ${pullSecretName} -n ${namespace} ${TAKE_OVER_ANNOTATION}=enabled", or the chart value foreignSecrets=take-over for all namespaces.`;
}

/** What identifies a denial: its text without amounts, instants and ids, which change with each attempt. */
export function denialIdentity(message: string): string {
  return message.replace(/\S*\d\S*/g, '#');
}

/** Why a namespace does not get the role of its annotation. */
export function roleNotAllowedMessage(roleArn: string, namespace: string): string {
  return `The role ${roleArn} is not allowed for namespace "${namespace}", which gets the default credentials instead. Ask the cluster's administrators to add both to the chart value namespaceRoles, or remove the annotation.`;
}

/** What to do about a role for which AWS returns no token. */
export function roleWithoutTokenMessage(roleArn: string): string {
  return `AWS gives no token for the role ${roleArn}, which the annotation of this namespace names, so the pull secret has no credentials of that role. Check that the role exists, that its trust policy allows sts:AssumeRole to ecr-pull-secrets, and that it allows ecr:GetAuthorizationToken; the log of the leading renewer has the error that AWS returned.`;
}

/** What to do about another tool that writes the same secret. */
export function contestedMessage(pullSecretName: string, namespace: string): string {
  return `Another tool changes or deletes the Secret "${pullSecretName}" again and again. The renewer repairs it after ever longer waits. Find the tool by "kubectl get secret ${pullSecretName} -n ${namespace} --show-managed-fields -o jsonpath='{.metadata.managedFields[*].manager}'", and remove the secret from that tool (a reflector, a GitOps repository, another release of ecr-pull-secrets), or choose another name by the chart value dockerSecretName.`;
}
