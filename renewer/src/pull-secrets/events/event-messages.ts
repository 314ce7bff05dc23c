import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { TAKE_OVER_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { quoteKey } from '../../credentials/registries/registry-key.ts';
import type { RefusalCause } from '../apply/write-failure.ts';
import { REMARKABLE_MS } from '../queue/write-slots.ts';

/** Nothing else makes one namespace slow and leaves the others quick. */
const SLOW_ADVICE =
  'As a rule an admission webhook for secrets does not answer, and each one is waited for as long as its timeoutSeconds say. Find it in the output of "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations", and repair it, or let its configuration leave the secrets of this namespace out.';

const ADVICE: Readonly<Record<RefusalCause, string>> = {
  webhook:
    'is not written because an admission webhook refuses it. Change its rules so that they allow ecr-pull-secrets to write this secret, or let its configuration leave this namespace out.',
  'webhook-away':
    'is not written because an admission webhook that must agree does not answer. Repair that webhook, or let its configuration leave the secrets of this namespace out.',
  slow: `is not written because the API server did not finish the write in time. ${SLOW_ADVICE}`,
  policy:
    'is not written because an admission policy refuses it. Change the policy so that it allows ecr-pull-secrets to write this secret, or let its binding leave this namespace out.',
  quota:
    'is not written because of a quota. Raise it in this namespace, or delete secrets that nobody needs.',
  rights:
    'is not written because the ServiceAccount of ecr-pull-secrets lacks a right: it needs the verbs create and patch on this secret, and list (a single run: get) to see whose it is, as the roles of the chart have them.',
  forbidden: 'may not be written: missing permissions or a rule of this cluster refuse it.',
  content:
    'exists but cannot hold pull credentials: it is immutable or not of type kubernetes.io/dockerconfigjson. Delete or rename it, or choose another name by the chart value dockerSecretName.',
  size: 'is not written because it would be larger than etcd stores: labels, annotations or data of others fill it. Remove them, or delete the secret, which is then made anew.',
  other: 'could not be written.',
};

/** Says what to do about a write that one namespace does not get. */
export function refusalMessage(cause: RefusalCause, error: unknown, secretName: string): string {
  const said = isApiError(error) ? `The API server said: ${error.message}` : describeError(error);
  return `Secret "${secretName}" ${ADVICE[cause]} ${said}`;
}

/** Says what to do about a write that took long. */
export function slowMessage(secretName: string, tookMs: number): string {
  return `Secret "${secretName}" was written, but that took ${Math.round(tookMs / 1000)} s. ${SLOW_ADVICE}`;
}

/** The same about several namespaces. */
export function slownessOf(count: number, namespaces: string): string {
  return `writing the secret took more than ${REMARKABLE_MS / 1000} s in ${count}: ${namespaces}. ${SLOW_ADVICE}`;
}

/** Says what to do about a secret of somebody else. */
export function foreignMessage(
  secretName: string,
  namespace: string,
  foreignKeys: readonly string[],
): string {
  const [first = ''] = foreignKeys;
  const more = foreignKeys.length > 1 ? ` and ${foreignKeys.length - 1} more` : '';
  const keys = `${quoteKey(first)}${more}`;
  return `Secret "${secretName}" is somebody else's: it has credentials for ${keys}, which would be lost. It is left as it is, and nobody renews a token of ECR in it. Give it another name, or choose another one by the chart value dockerSecretName. If it may be replaced: "kubectl annotate secret ${secretName} -n ${namespace} ${TAKE_OVER_ANNOTATION}=enabled", or the chart value foreignSecrets=take-over for all namespaces.`;
}

/**
 * What a refusal is about: its text without amounts, instants and ids, which are others with each attempt.
 */
export function topicOf(message: string): string {
  return message.replace(/\S*\d\S*/g, '#');
}

/** Says why a namespace does not get the role that it asks for. */
export function roleRefusalMessage(roleArn: string, namespace: string): string {
  return `The role ${roleArn} is not given to namespace "${namespace}", which gets the default credentials instead. Ask the cluster's administrators to add both to the chart value namespaceRoles, or remove the annotation.`;
}

/** Says what to do about a role for which AWS gives no token. */
export function roleWithoutTokenMessage(roleArn: string): string {
  return `There is no registry token for the role ${roleArn} that this namespace asks for, so its pull secret gets no credentials of it. Check that the role exists, that its trust policy allows sts:AssumeRole to ecr-pull-secrets, and that it allows ecr:GetAuthorizationToken; the log of the leading renewer has the answer of AWS.`;
}

/** Says what to do about somebody else who writes the same secret. */
export function contestMessage(secretName: string, namespace: string): string {
  return `Secret "${secretName}" is written or deleted by somebody else again and again; it is repaired ever more rarely. Find out who by "kubectl get secret ${secretName} -n ${namespace} --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}", and take the secret out of that tool (a reflector, a GitOps repository, another release of ecr-pull-secrets), or choose another name by the chart value dockerSecretName.`;
}
