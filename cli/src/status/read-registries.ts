import { type Registry, registriesSchema } from '@ecr-pull-secrets/renewer/credentials/registries/registries.ts';
import { configMapPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { ConfigMap } from '../cluster/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';
import type { Release } from './releases.ts';
import type { Settings } from './settings.ts';

/** The registries that are configured: in the Deployment, else in the ConfigMap, as the renewer reads them. */
export async function readRegistries(
  reader: Reader,
  { namespace, name }: Release,
  { registryHosts, hasConfigFile }: Settings,
): Promise<Read<readonly Registry[]>> {
  if (registryHosts.length > 0 || !hasConfigFile) return { found: registryHosts.map((host) => ({ host })) };
  const right = `get configmaps in namespace ${namespace}`;
  const configMap = await reader.get<ConfigMap>(right, configMapPath(namespace, name));
  if (!('found' in configMap)) return configMap;
  const registries = propertyOf(parseJson(configMap.found.data?.['config.json'] ?? ''), 'registries');
  const result = registriesSchema.safeParse(registries ?? []);
  return result.success ? { found: result.data } : { unread: 'the ConfigMap has invalid registries' };
}
