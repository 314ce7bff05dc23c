import type { Container, FieldRef, Pod, ResourceFieldRef } from '../api/objects.ts';
import { parseQuantity } from './quantity.ts';

/** What the downward API gives a pod about the place where it runs. */
export interface PodPlace {
  readonly nodeName: string;
  /** The addresses that the pod's status shows; `HOST` says where to listen. */
  readonly podIp: string;
  readonly hostIp: string;
  /** What a container without a limit sees as its limit. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/**
 * The value of a `fieldRef`, in an environment variable or a downward API file.
 * Source: kubernetes `pkg/fieldpath/fieldpath.go` and `podFieldSelectorRuntimeValue` of kubelet.
 *
 * @throws if kubelet has no such field
 */
export function readField({ fieldPath }: FieldRef, pod: Pod, place: PodPlace): string {
  const [, kind, key] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath) ?? [];
  if (key !== undefined) {
    const values = kind === 'labels' ? pod.metadata.labels : pod.metadata.annotations;
    return values?.[key] ?? '';
  }
  const value = plainFields(pod, place)[fieldPath];
  if (value === undefined) throw new Error(`unsupported fieldPath: ${fieldPath}`);
  return value;
}

function plainFields(pod: Pod, place: PodPlace): Readonly<Record<string, string>> {
  return {
    'metadata.name': pod.metadata.name,
    'metadata.namespace': pod.metadata.namespace,
    'metadata.uid': pod.metadata.uid,
    'metadata.labels': formatMap(pod.metadata.labels),
    'metadata.annotations': formatMap(pod.metadata.annotations),
    'spec.nodeName': place.nodeName,
    'spec.serviceAccountName': pod.spec.serviceAccountName ?? '',
    'status.hostIP': place.hostIp,
    'status.hostIPs': place.hostIp,
    'status.podIP': place.podIp,
    'status.podIPs': place.podIp,
  };
}

/** `FormatMap` of fieldpath.go: one `key="value"` a line, sorted. */
function formatMap(values: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return lines.toSorted().join('\n');
}

/**
 * The value of a `resourceFieldRef`: the quantity divided by the divisor, rounded up.
 * Source: kubernetes `pkg/api/v1/resource/helpers.go`.
 *
 * @param own - the container of the field, if the reference names none
 * @throws if the container or the resource is unknown
 */
export function readResource(reference: ResourceFieldRef, pod: Pod, place: PodPlace, own?: Container): string {
  const container = findContainer(reference, pod, own);
  const [, kind, resource] = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(reference.resource) ?? [];
  if (!container || resource === undefined) {
    throw new Error(`unsupported container resource: ${reference.resource}`);
  }
  const { limits, requests } = container.resources ?? {};
  const quantity = kind === 'limits' ? (limits?.[resource] ?? place.allocatable[resource]) : requests?.[resource];
  const divisor = parseQuantity(reference.divisor ?? '1') || 1;
  // Milli-units, as kubelet counts, so that 0.3 / 0.1 is 3 and not 2.9999.
  const milliUnits = Math.round(parseQuantity(quantity ?? '0') * 1000);
  return String(Math.ceil(milliUnits / Math.round(divisor * 1000)));
}

function findContainer(
  { containerName }: ResourceFieldRef,
  pod: Pod,
  own: Container | undefined,
): Container | undefined {
  if (!containerName) return own;
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return all.find(({ name }) => name === containerName);
}
