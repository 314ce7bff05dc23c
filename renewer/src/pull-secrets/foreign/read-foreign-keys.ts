import { listOf, objectOf, SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { readJson } from '@ecr-pull-secrets/kube/read-json.ts';
import { nameSelector, secretPath, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { SecretTarget } from '@ecr-pull-secrets/kube/secrets.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import { findForeignKeys, type SecretContent } from './foreign-keys.ts';
import { DOCKER_CONFIG_KEY } from '../cache/pull-secret-metadata.ts';

/** What a read of a secret of our name found. */
export interface Finding {
  /** The version that was read. */
  readonly resourceVersion: string;
  /** See `findForeignKeys`. */
  readonly foreignKeys: readonly string[];
}

type Secret = SecretContent & { readonly metadata: { readonly resourceVersion?: string } };

/** Nothing else is read of a secret: strangers choose the structure of the rest. */
const SECRET = objectOf({
  type: SCALAR,
  metadata: scalarsOf(['resourceVersion']),
  data: objectOf({ [DOCKER_CONFIG_KEY]: SCALAR }),
});

const LIST = objectOf({ items: listOf(SECRET) });

/**
 * Reads the secret of our name in one namespace, and keeps nothing of it but the finding.
 *
 * @param verb - what the roles allow: `list` by name to the renewer, for its watch, and `get` to a single run
 * @returns `undefined` if there is none
 * @throws as the client
 */
export function readForeignKeys(
  { client, namespace, name, signal }: SecretTarget,
  dockerConfig: DockerConfig,
  verb: 'get' | 'list',
): Promise<Finding | undefined> {
  const request =
    verb === 'get'
      ? { path: secretPath(namespace, name) }
      : { path: secretsPath(namespace), query: { fieldSelector: nameSelector(name) } };
  const parse = (bytes: Buffer): Finding | undefined => {
    const secret: Secret | undefined = verb === 'get' ? readJson(bytes, SECRET) : readJson(bytes, LIST).items?.[0];
    if (!secret) return undefined;
    const foreignKeys = findForeignKeys(secret, dockerConfig);
    return { resourceVersion: secret.metadata.resourceVersion ?? '', foreignKeys };
  };
  return ifFound(client.request<Finding | undefined>({ method: 'GET', ...request, parse, signal }));
}
