import type { ConfigMap, DownwardFile, FileSource, Pod, Secret } from '../api/objects.ts';
import { type PodPlace, readField, readResource } from '../environment/downward-api.ts';
import type { VolumeFile } from './atomic-writer.ts';

/** A ConfigMap's values, text and binary, by key. */
export function configMapValues(configMap: ConfigMap | undefined): Map<string, Buffer> {
  return new Map([
    ...Object.entries(configMap?.data ?? {}).map(([key, text]) => [key, Buffer.from(text)] as const),
    ...decoded(configMap?.binaryData),
  ]);
}

/** A Secret's values by key. */
export function secretValues(secret: Secret | undefined): Map<string, Buffer> {
  return new Map(decoded(secret?.data));
}

function decoded(data: Readonly<Record<string, string>> = {}): (readonly [string, Buffer])[] {
  return Object.entries(data).map(([key, base64]) => [key, Buffer.from(base64, 'base64')]);
}

/**
 * Chooses the files that `items` names, or makes a file of every value.
 * Source: `MakePayload` of kubernetes `pkg/volume/{configmap,secret}`.
 *
 * @throws if a key is missing and the source is not optional
 */
export function chooseFiles(
  values: ReadonlyMap<string, Buffer>,
  { items, optional }: FileSource & { readonly optional?: boolean },
  defaultMode: number,
): Map<string, VolumeFile> {
  const files = new Map<string, VolumeFile>();
  if (!items?.length) {
    for (const [key, content] of values) files.set(key, { content, mode: defaultMode });
    return files;
  }
  for (const { key, path, mode = defaultMode } of items) {
    const content = values.get(key);
    if (content) files.set(path, { content, mode });
    else if (!optional) throw new Error(`references non-existent key: ${key}`);
  }
  return files;
}

/** The files of a downward API source. Source: `CollectData` of `pkg/volume/downwardapi`. */
export function downwardFiles(
  items: readonly DownwardFile[],
  pod: Pod,
  place: PodPlace,
  defaultMode: number,
): Map<string, VolumeFile> {
  return new Map(
    items.map(({ path, mode = defaultMode, fieldRef, resourceFieldRef }) => {
      const text = fieldRef
        ? readField(fieldRef, pod, place)
        : resourceFieldRef
          ? readResource(resourceFieldRef, pod, place)
          : '';
      return [path, { content: Buffer.from(text), mode }];
    }),
  );
}
