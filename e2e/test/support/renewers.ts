import assert from 'node:assert/strict';
import type { Lease } from '@ecr-pull-secrets/kube/lease.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { OPS_PORTS } from '@ecr-pull-secrets/testbed/playground/ports.ts';

/** The renewer that holds the lease. */
export interface LeadingRenewer {
  /** As in the lease. */
  readonly identity: string;
  readonly pod: string;
  /** Its process. */
  readonly pid: number;
}

/** Those that only a renewer has that lists pods. */
export const METRICS_OF_PODS: readonly string[] = ['ecr_pull_secrets_missed_pods', 'ecr_pull_secrets_failing_pulls'];

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${PRODUCT_NAME}/leases/${PRODUCT_NAME}`;

/** Who holds the lease; `''` while it has no holder. */
export async function readHolder({ api }: Playground): Promise<string> {
  const { spec } = await api.get<Lease>(LEASE);
  return spec?.holderIdentity ?? '';
}

/** Waits until another holder than this one leads. */
export function nextLeader(playground: Playground, former = '', withinMs?: number): Promise<LeadingRenewer> {
  const check = async (): Promise<LeadingRenewer> => {
    const identity = await readHolder(playground);
    assert.notEqual(identity, '');
    assert.notEqual(identity, former);
    const pod = (await replicasOf(playground)).find((name) => identity.startsWith(name));
    assert.ok(pod, `the pod of ${identity}`);
    const pid = playground.node.processes(PRODUCT_NAME, pod).get('renewer');
    assert.ok(pid, `the renewer of ${pod} runs`);
    return { identity, pod, pid };
  };
  return eventually('a new leader', check, withinMs);
}

/** What a pod's renewers have logged, all its processes one after another. */
export function logOf({ node }: Playground, pod: string): Promise<string> {
  return node.logs(PRODUCT_NAME, pod, 'renewer');
}

/** What a pod's renewer answers to Prometheus. */
export async function metricsOf({ api, node }: Playground, pod: string): Promise<string> {
  const path = `/api/v1/namespaces/${PRODUCT_NAME}/pods/${pod}`;
  const { status } = await api.get<{ status: { podIP?: string } }>(path);
  const address = node.toLoopback(status.podIP ?? '');
  return (await fetch(`http://${address}:${OPS_PORTS.renewer}/metrics`)).text();
}

/** Names of the installed pods. */
export async function replicasOf({ api }: Playground): Promise<readonly string[]> {
  const pods = await api.list<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`);
  return pods.map(({ metadata }) => metadata.name);
}

/** Installs, and waits until no replica of before is left, which may still lead or drain, and a new one leads. */
export async function installAnew(playground: Playground, values: Manifest): Promise<void> {
  const before = new Set(await replicasOf(playground));
  await playground.install(values);
  await eventually('the old replicas are gone', async () => {
    const left = (await replicasOf(playground)).filter((name) => before.has(name));
    assert.deepEqual(left, []);
  });
  await nextLeader(playground);
}
