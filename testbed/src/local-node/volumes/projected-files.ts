import type { NameRef, Pod, ProjectedSource, Volume } from '../api/objects.ts';
import type { PodPlace } from '../environment/downward-api.ts';
import type { NamespaceObjects } from '../environment/environment.ts';
import type { VolumeFile } from './atomic-writer.ts';
import { chooseFiles, configMapValues, downwardFiles, secretValues } from './object-files.ts';
import type { TokenSource } from './service-account-token.ts';

export interface VolumeContext {
  /** The pod as it is now: its labels and annotations may change. */
  readonly pod: () => Pod;
  readonly place: PodPlace;
  readonly objects: NamespaceObjects;
  readonly tokens: TokenSource;
}

/** What kubelet uses if the API server filled in nothing. */
const DEFAULT_MODE = 0o644;

/** By path inside the volume. */
type Files = Map<string, VolumeFile>;

/**
 * The files of a volume that kubelet writes: a ConfigMap's, a Secret's, the downward API's, or several
 * of them and tokens projected into one folder, later sources over earlier ones.
 * Source: `collectData` of kubernetes `pkg/volume/projected`.
 *
 * @throws if something that is not optional is missing
 */
export async function collectFiles(volume: Volume, context: VolumeContext): Promise<Files> {
  const { sources, defaultMode } = sourcesOf(volume);
  const files: Files = new Map();
  for (const source of sources) {
    for (const [path, file] of await sourceFiles(source, defaultMode, context)) {
      files.set(path, file);
    }
  }
  return files;
}

/** Every kind of volume as what it would be if it were projected. */
function sourcesOf({ configMap, secret, downwardAPI, projected }: Volume): {
  sources: readonly ProjectedSource[];
  defaultMode?: number | undefined;
} {
  if (projected) return { sources: projected.sources ?? [], defaultMode: projected.defaultMode };
  if (configMap) return { sources: [{ configMap }], defaultMode: configMap.defaultMode };
  if (downwardAPI) return { sources: [{ downwardAPI }], defaultMode: downwardAPI.defaultMode };
  if (!secret) return { sources: [] };
  const named = { ...secret, name: secret.secretName };
  return { sources: [{ secret: named }], defaultMode: secret.defaultMode };
}

async function sourceFiles(
  { configMap, secret, downwardAPI, serviceAccountToken }: ProjectedSource,
  mode = DEFAULT_MODE,
  { objects, pod, place, tokens }: VolumeContext,
): Promise<Files> {
  if (configMap) {
    const object = found(await objects.configMap(configMap.name), 'configmap', configMap);
    return chooseFiles(configMapValues(object), configMap, mode);
  }
  if (secret) {
    const object = found(await objects.secret(secret.name), 'secret', secret);
    return chooseFiles(secretValues(object), secret, mode);
  }
  if (serviceAccountToken) {
    const content = Buffer.from(await tokens.token(serviceAccountToken));
    return new Map([[serviceAccountToken.path, { content, mode }]]);
  }
  return downwardFiles(downwardAPI?.items ?? [], pod(), place, mode);
}

function found<T>(object: T | undefined, kind: string, { name, optional }: NameRef): T | undefined {
  if (object === undefined && !optional) throw new Error(`${kind} "${name}" not found`);
  return object;
}
