import type { Container, Hook, Pod, Probe, ProjectedSource, Volume } from '../api/objects.ts';

const PROJECTED_KINDS = new Set(['configMap', 'downwardAPI', 'secret', 'serviceAccountToken']);
const VOLUME_KINDS = new Set(['configMap', 'downwardAPI', 'emptyDir', 'projected', 'secret']);

/**
 * What the pod requests that the local node does not have, or nothing. Such a pod is not run at all:
 * running it without would be a lie.
 */
export function findUnsupported({ spec }: Pod): string | undefined {
  const { hostNetwork, volumes = [], initContainers = [] } = spec;
  if (hostNetwork) return 'hostNetwork';
  return (
    firstOf(volumes, findInVolume) ??
    firstOf(spec.containers, ({ restartPolicy }) => restartPolicy && 'a restartPolicy of its own') ??
    firstOf([...initContainers, ...spec.containers], findInContainer)
  );
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInVolume(volume: Volume): string | undefined {
  const { name, ...source } = volume;
  const kind = Object.keys(source).find((key) => !VOLUME_KINDS.has(key));
  if (kind) return `${kind} of volume ${name}`;
  return firstOf(volume.projected?.sources ?? [], findInProjectedSource);
}

function findInProjectedSource(source: ProjectedSource): string | undefined {
  return Object.keys(source).find((key) => !PROJECTED_KINDS.has(key));
}

function findInContainer(container: Container): string | undefined {
  const { name, lifecycle, startupProbe, livenessProbe, readinessProbe } = container;
  const what =
    findInMounts(container) ??
    (container.restartPolicyRules && 'restartPolicyRules') ??
    (lifecycle?.postStart && 'a postStart hook') ??
    (lifecycle?.preStop && findInHook(lifecycle.preStop)) ??
    firstOf([startupProbe, livenessProbe, readinessProbe], (probe) => findInProbe(probe, container));
  return what && `${what} of container ${name}`;
}

function findInMounts(container: Container): string | undefined {
  const { volumeMounts = [], volumeDevices, ports = [], env = [] } = container;
  if (volumeMounts.some(({ subPath, subPathExpr }) => subPath || subPathExpr)) return 'subPath';
  if (volumeDevices?.length) return 'volumeDevices';
  if (ports.some(({ hostPort }) => hostPort)) return 'hostPort';
  if (env.some(({ valueFrom }) => valueFrom?.fileKeyRef)) return 'fileKeyRef';
  return undefined;
}

function findInHook(hook: Hook): string | undefined {
  return hook.sleep ? undefined : 'a preStop hook other than sleep';
}

function findInProbe(probe: Probe | undefined, { ports = [] }: Container): string | undefined {
  if (!probe) return undefined;
  const { httpGet, tcpSocket } = probe;
  const port = httpGet?.port ?? tcpSocket?.port;
  if (port === undefined) return 'a probe other than httpGet and tcpSocket';
  const isKnown = typeof port === 'number' || ports.some(({ name }) => name === port);
  return isKnown ? undefined : `a probe of the unknown port ${port}`;
}
