import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { registryOf, withoutPort } from '@ecr-pull-secrets/shared/image-reference.ts';
import { fieldOf, itemsOf, textOf } from './json-fields.ts';

/**
 * Every image reference that the kubelet pulls for a pod: those of init containers (which include sidecars),
 * containers and image volumes (KEP-4639). Ephemeral containers cannot exist at creation,
 * and an image may be missing until another webhook sets it.
 */
export function imagesOf(pod: unknown): readonly string[] {
  const spec = fieldOf(pod, 'spec');
  return [
    ...itemsOf(spec, 'initContainers').map((container) => textOf(container, 'image')),
    ...itemsOf(spec, 'containers').map((container) => textOf(container, 'image')),
    ...itemsOf(spec, 'volumes').map((volume) => textOf(fieldOf(volume, 'image'), 'reference')),
  ].filter((image) => image !== undefined);
}

/**
 * Creates a function that decides whether an image needs the pull secret.
 *
 * Matches images in private ECR of every partition, on any port, and those in the further registries: an entry with
 * a port matches that port only, one without a port matches any. Hosts are compared case-insensitively.
 *
 * @param registryHosts - the further registries, as `parseRegistryHosts` returns them
 */
export function createImageMatcher(registryHosts: readonly string[]): (image: string) => boolean {
  const further = new Set(registryHosts);
  return (image) => {
    const registry = registryOf(image);
    if (parseEcrHost(withoutPort(registry))) return true;
    const host = registry.toLowerCase();
    return further.has(host) || further.has(withoutPort(host));
  };
}
