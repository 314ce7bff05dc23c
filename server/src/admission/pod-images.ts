import { fieldOf, itemsOf, textOf } from './json-fields.ts';

/**
 * Every image reference that the kubelet pulls for a pod: of init containers (sidecars are among
 * them), containers and image volumes (KEP-4639). Ephemeral containers cannot be there at creation,
 * and an image may be missing until another webhook fills it in.
 */
export function imagesOf(pod: unknown): readonly string[] {
  const spec = fieldOf(pod, 'spec');
  return [
    ...itemsOf(spec, 'initContainers').map((container) => textOf(container, 'image')),
    ...itemsOf(spec, 'containers').map((container) => textOf(container, 'image')),
    ...itemsOf(spec, 'volumes').map((volume) => textOf(fieldOf(volume, 'image'), 'reference')),
  ].filter((image) => image !== undefined);
}
