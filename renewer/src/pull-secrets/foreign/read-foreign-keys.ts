import { listOf, objectOf, SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { readJson } from '@ecr-pull-secrets/kube/read-json.ts';
import type { DockerConfig } from '../../credentials/docker-config.ts';
import type { PullSecretTarget } from '../apply/apply-pull-secret.ts';
import { findForeignKeys, type SecretContent } from './foreign-keys.ts';
import { DOCKER_CONFIG_KEY } from '../cache/pull-secret-metadata.ts';

/** What was found in a secret of our name. */
export interface Finding {
  /** The version that was read. */
  readonly resourceVersion: string;
  /** See `findForeignKeys`. */
  readonly foreignKeys: readonly string[];
}

type Secret = SecretContent & { readonly metadata: { readonly resourceVersion?: string } };

/** All that is read of a secret: the rest has the structure that strangers give it. */
const SECRET = objectOf({
  type: SCALAR,
  metadata: scalarsOf(['resourceVersion']),
  data: objectOf({ [DOCKER_CONFIG_KEY]: SCALAR }),
});

const LIST = objectOf({ items: listOf(SECRET) });

/**
 * Reads one secret, the one of our name in one namespace, of which nothing is kept but what is found.
 *
 * @param right - what the roles give: `list` by name is what the renewer has, for its watch, and `get` a single run
 * @returns `undefined` if there is none
 * @throws as the client
 */
export async function readForeignKeys(
  { client, namespace, name, signal }: PullSecretTarget,
  document: DockerConfig,
  right: 'get' | 'list',
): Promise<Finding | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const one =
    right === 'get'
      ? { path: `${path}/${name}` }
      : { path, query: { fieldSelector: `metadata.name=${name}` } };
  const parse = (bytes: Buffer): Finding | undefined => {
    const secret: Secret | undefined =
      right === 'get' ? readJson(bytes, SECRET) : readJson(bytes, LIST).items?.[0];
    if (!secret) return undefined;
    const foreignKeys = findForeignKeys(secret, document);
    return { resourceVersion: secret.metadata.resourceVersion ?? '', foreignKeys };
  };
  try {
    return await client.request<Finding | undefined>({ method: 'GET', ...one, parse, signal });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error;
  }
}
