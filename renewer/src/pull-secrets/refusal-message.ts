import type { ApiError } from '../kube/api-error.ts';

/** Says what to do about a write that the API server refused. */
export function refusalMessage(error: ApiError, secretName: string): string {
  return `${adviceFor(error, secretName)} The API server said: ${error.message}`;
}

function adviceFor({ status }: ApiError, secretName: string): string {
  if (status === 422) {
    return `Secret "${secretName}" exists but cannot hold pull credentials: it is immutable or not of type kubernetes.io/dockerconfigjson. Delete or rename it, or choose another name by the chart value dockerSecretName.`;
  }
  if (status === 403) {
    return `Secret "${secretName}" may not be written: a quota, an admission webhook or missing permissions refuse it.`;
  }
  return `Secret "${secretName}" could not be written.`;
}

/** Says why a namespace does not get the role that it asks for. */
export function roleRefusalMessage(roleArn: string, namespace: string): string {
  return `The role ${roleArn} is not given to namespace "${namespace}", which gets the default credentials instead. Ask the cluster's administrators to add both to the chart value namespaceRoles, or remove the annotation.`;
}
