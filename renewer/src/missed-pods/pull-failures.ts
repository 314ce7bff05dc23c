import type { Pod } from './pod-fields.ts';

/** What the kubelet says about a container whose image it cannot pull (`pkg/kubelet/images/types.go`). */
const PULL_FAILURES: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

/** The images that the kubelet cannot pull. */
export function failingImagesOf({ spec, status }: Pod): readonly string[] {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const failing = new Set(
    statuses.filter(({ state }) => PULL_FAILURES.has(state?.waiting?.reason ?? '')).map(({ name }) => name),
  );
  if (failing.size === 0) return [];
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return containers.filter(({ name }) => failing.has(name)).map(({ image = '' }) => image);
}
