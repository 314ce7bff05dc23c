/** Paths in the Kubernetes API, and the names of the objects that belong to a release. */

export const NAMESPACES_PATH = '/api/v1/namespaces';

export const WEBHOOK_CONFIGURATIONS_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export const MUTATING_POLICIES_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies';

export const MUTATING_POLICY_BINDINGS_PATH = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings';

/** Without a namespace the path is that of all namespaces. */
export function secretsPath(namespace?: string): string {
  return namespace === undefined ? '/api/v1/secrets' : `${namespacePath(namespace)}/secrets`;
}

export function secretPath(namespace: string, name: string): string {
  return `${secretsPath(namespace)}/${name}`;
}

/** Without a namespace the path is that of all namespaces. */
export function podsPath(namespace?: string): string {
  return namespace === undefined ? '/api/v1/pods' : `${namespacePath(namespace)}/pods`;
}

export function evictionPath(namespace: string, pod: string): string {
  return `${podsPath(namespace)}/${pod}/eviction`;
}

export function eventsPath(namespace: string): string {
  return `${namespacePath(namespace)}/events`;
}

export function configMapPath(namespace: string, name: string): string {
  return `${namespacePath(namespace)}/configmaps/${name}`;
}

export function leasePath(namespace: string, name: string): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`;
}

export function deploymentPath(namespace: string, name: string): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`;
}

export function webhookConfigurationPath(name: string): string {
  return `${WEBHOOK_CONFIGURATIONS_PATH}/${name}`;
}

/** The field selector of the one object that has this name; RBAC can limit a list to it by `resourceNames`. */
export function nameSelector(name: string): string {
  return `metadata.name=${name}`;
}

/**
 * The Secret in the release's namespace that holds the CA.
 *
 * @param fullname - the chart's name of the release's objects, such as its Service
 */
export function caSecretName(fullname: string): string {
  return `${fullname}-ca`;
}

/** The Secret in the release's namespace that holds the checkpoint of the registry tokens. */
export function checkpointSecretName(fullname: string): string {
  return `${fullname}-tokens`;
}

function namespacePath(namespace: string): string {
  return `${NAMESPACES_PATH}/${namespace}`;
}
