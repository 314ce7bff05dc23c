import type { Pod } from './pod-fields.ts';

/** What the kubelet says about a container whose image it cannot pull (`pkg/kubelet/images/types.go`). */
const PULL_FAILURES: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

/**
 * The images that the kubelet cannot pull. That of a volume fails each container that mounts it, and only the message
 * names it (`pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `toKubeContainerImageVolumes`).
 */
export function failingImagesOf({ spec, status }: Pod): readonly string[] {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const failing = new Map(
    statuses
      .filter(({ state }) => PULL_FAILURES.has(state?.waiting?.reason ?? ''))
      .map(({ name, state }) => [name, state?.waiting?.message ?? '']),
  );
  if (failing.size === 0) return [];
  const messages = [...failing.values()];
  const volumes = (spec?.volumes ?? []).flatMap(({ image }) => image?.reference ?? []);
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return [
    ...volumes.filter((image) => image !== '' && messages.some((message) => message.includes(image))),
    ...containers.filter(({ name }) => failing.has(name)).map(({ image = '' }) => image),
  ];
}
