import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { arch, cpus, hostname, totalmem } from 'node:os';
import { toKubernetesTime } from './containers/container-facts.ts';

export interface NodeDescription {
  readonly name: string;
  readonly hostIp: string;
  /** Where the API server reads logs, at 127.0.0.1. */
  readonly logPort: number;
  /** Quantities by resource name. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly now: number;
}

/** What this machine has; 110 pods is kubelet's own limit. */
export function readAllocatable(): Record<string, string> {
  return {
    cpu: String(cpus().length),
    memory: `${Math.floor(totalmem() / 1024)}Ki`,
    'ephemeral-storage': '100Gi',
    pods: '110',
  };
}

/**
 * Makes the Node object, Ready.
 *
 * @throws ECRPS_KUBERNETES_REQUEST_FAILED with status 409 if there is a node of that name
 */
export async function registerNode(client: KubeClient, description: NodeDescription): Promise<void> {
  const { name } = description;
  await client.request({
    method: 'POST',
    path: '/api/v1/nodes',
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, labels: labelsOf(name) },
    },
  });
  // Admission gives every new Node a taint until it is Ready; the controller that would take it away
  // does not run here.
  await client.request({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}`,
    contentType: 'application/merge-patch+json',
    body: { spec: { taints: null } },
  });
  await client.request({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: statusOf(description) },
  });
}

/** Removes the Node object. */
export async function removeNode(client: KubeClient, name: string): Promise<void> {
  await client.request({ method: 'DELETE', path: `/api/v1/nodes/${name}` });
}

function labelsOf(name: string): Record<string, string> {
  return {
    'kubernetes.io/hostname': name,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/arch': arch() === 'x64' ? 'amd64' : arch(),
  };
}

function statusOf({ name, hostIp, logPort, allocatable, now }: NodeDescription): unknown {
  const time = toKubernetesTime(now);
  return {
    capacity: allocatable,
    allocatable,
    addresses: [
      { type: 'InternalIP', address: hostIp },
      { type: 'Hostname', address: name },
      // The only type at which the local cluster's API server looks.
      { type: 'ExternalIP', address: '127.0.0.1' },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: logPort } },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: `the local node of ${hostname()} is ready`,
        lastHeartbeatTime: time,
        lastTransitionTime: time,
      },
    ],
  };
}
