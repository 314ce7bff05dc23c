import { posix } from 'node:path';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { configMapPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { ConfigMap, Container, Deployment } from '../../cluster/objects.ts';
import type { Read } from '../../cluster/read.ts';
import { createReader } from '../../cluster/reader.ts';

/** The proxies and the private CAs of the release, for a pod in another namespace. */
export interface ReleaseNetwork {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly caPem: string | undefined;
  /** What the pod does not get, and why. */
  readonly lacks: readonly string[];
}

const PROXY_VARIABLES = new Set(['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']);

/** Annotations may have 256 KiB together (apimachinery `TotalAnnotationSizeLimitB`). */
const MOST_CA_BYTES = 200 * 1024;

/** Reads the network settings of the renewer. A password of a proxy is never copied into another namespace. */
export async function readReleaseNetwork(
  client: KubeClient,
  namespace: string,
  deployment: Deployment | undefined,
): Promise<ReleaseNetwork> {
  const renewer = deployment?.spec.template.spec.containers.find(({ name }) => name === 'renewer');
  const proxies = renewer?.env?.filter(({ name }) => PROXY_VARIABLES.has(name)) ?? [];
  const env = proxies.flatMap(({ name, value }) => (isShareable(value) ? [{ name, value }] : []));
  const lacks = env.length < proxies.length ? ['the proxy of the release, because it has a password'] : [];
  const source = deployment && renewer && caSource(deployment, renewer);
  if (!source) return { env, caPem: undefined, lacks };
  const pem = await readConfigMapKey(client, namespace, source);
  if ('found' in pem) return { env, caPem: pem.found, lacks };
  const why = 'unread' in pem ? pem.unread : 'they were not found';
  return { env, caPem: undefined, lacks: [...lacks, `the CA certificates of the release: ${why}`] };
}

/** A variable from a Secret has no value here. */
function isShareable(value: string | undefined): value is string {
  return value !== undefined && !value.includes('@');
}

interface ConfigMapKey {
  readonly name: string;
  readonly key: string;
}

/** The ConfigMap that the renewer mounts for NODE_EXTRA_CA_CERTS. */
function caSource({ spec }: Deployment, { env = [], volumeMounts = [] }: Container): ConfigMapKey | undefined {
  const file = env.find(({ name }) => name === 'NODE_EXTRA_CA_CERTS')?.value;
  if (file === undefined) return undefined;
  const mount = volumeMounts.find(({ mountPath }) => mountPath === posix.dirname(file));
  const name = spec.template.spec.volumes?.find((volume) => volume.name === mount?.name)?.configMap?.name;
  return { name: name ?? '', key: posix.basename(file) };
}

async function readConfigMapKey(
  client: KubeClient,
  namespace: string,
  { name, key }: ConfigMapKey,
): Promise<Read<string>> {
  const rights = `get configmaps in namespace ${namespace}`;
  const result = await createReader(client).get<ConfigMap>(rights, configMapPath(namespace, name));
  if (!('found' in result)) return result;
  const pem = result.found.data?.[key];
  if (pem === undefined) return { missing: true };
  return pem.length <= MOST_CA_BYTES ? { found: pem } : { unread: 'they are too large' };
}
