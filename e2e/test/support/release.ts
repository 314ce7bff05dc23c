import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { type KubeObject, pathOf, readManifest } from './manifest.ts';

/** Every object of the release as the API server has it, by kind and name. */
export async function readRelease({ api, client, cluster }: Playground): Promise<ReadonlyMap<string, KubeObject>> {
  const place = [PRODUCT_NAME, '--namespace', PRODUCT_NAME];
  const { stdout } = await cluster.helm(['get', 'manifest', ...place]);
  const objects = await Promise.all(
    readManifest(stdout).map(async (object) => {
      const found = await api.get<KubeObject>(await pathOf(client, object));
      return [`${object.kind} ${object.metadata.name}`, found] as const;
    }),
  );
  return new Map(objects);
}

/** The `resourceVersion` of every object of the release: whatever is written changes it. */
export async function readVersions(playground: Playground): Promise<Readonly<Record<string, string>>> {
  const release = [...(await readRelease(playground))];
  return Object.fromEntries(release.map(([name, { metadata }]) => [name, metadata.resourceVersion ?? '']));
}
