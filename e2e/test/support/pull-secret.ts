import { EXPIRES_AT_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import type { EcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { KubeApi, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** The pull secret's default name: written out, because people depend on it. */
export const SECRET = 'ecr-pull-secret';

export function pathOf(namespace: string, name: string = SECRET): string {
  return `/api/v1/namespaces/${namespace}/secrets/${name}`;
}

/** The content of `.dockerconfigjson`, decoded. */
export function documentOf({ data }: Secret): string {
  return Buffer.from(data?.['.dockerconfigjson'] ?? '', 'base64').toString();
}

/** RFC 3339 instant at which its tokens die, as the secret says. */
export function expiryOf({ metadata }: Secret): string {
  return metadata.annotations?.[EXPIRES_AT_ANNOTATION] ?? '';
}

/** What tests check of the pull secrets in a cluster. */
export interface PullSecrets {
  /** Waits for the secret of a namespace. */
  readonly secretIn: (namespace: string, name?: string) => Promise<Secret>;
  /** Logs in to a registry, by default the user's own; 200 if the secret is accepted. */
  readonly loginWith: (secret: Secret, host?: string) => Promise<number>;
}

export function pullSecretsOf(
  { api, ecr }: { readonly api: KubeApi; readonly ecr: EcrStandIn },
  withinMs?: number,
): PullSecrets {
  return {
    secretIn: (namespace, name) =>
      eventually(`the secret in ${namespace}`, () => api.get<Secret>(pathOf(namespace, name)), withinMs),
    loginWith: (secret, host = REGISTRY) => login(ecr.endpoint, documentOf(secret), host),
  };
}
