import type { Pod } from './pod-fields.ts';

/** What the kubelet says about a container whose image it cannot pull (`pkg/kubelet/images/types.go`). */
const PULL_FAILURES: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff']);

/** Anyone who creates a pod chooses its volumes, and how long the names in the messages are: 100 · 100 · 2 KiB is 20 MiB. */
const MOST_VOLUMES = 100;
const MOST_MESSAGES = 100;
const LONGEST_MESSAGE = 2_048;

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
  const messages = [...failing.values()].slice(0, MOST_MESSAGES).map((message) => message.slice(0, LONGEST_MESSAGE));
  const volumes = (spec?.volumes ?? []).flatMap(({ image }) => image?.reference ?? []).slice(0, MOST_VOLUMES);
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  return [
    ...volumes.filter((image) => image !== '' && messages.some((message) => message.includes(image))),
    ...containers.filter(({ name }) => failing.has(name)).map(({ image = '' }) => image),
  ];
}
