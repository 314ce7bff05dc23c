import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Pod } from '../../src/playground/kube-api.ts';
import type { Playground } from '../../src/playground/playground.ts';
import { OPS_PORTS } from '../../src/playground/ports.ts';

/** One pod of the Deployment. */
export interface Replica {
  readonly name: string;
  /** Of its image: which build it is. */
  readonly tag: string;
  /** Whether the Service sends it calls. */
  readonly isReady: boolean;
  /** Where its webhook's figures are; empty before it has an address. */
  readonly host: string;
}

/** All that there are, those that are going too. */
export async function readReplicas({ api, node }: Playground): Promise<readonly Replica[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(
    `/api/v1/namespaces/${PRODUCT_NAME}/pods`,
    { labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}` },
  );
  return pods.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    tag: spec.containers[0]?.image.split(':').at(-1) ?? '',
    isReady:
      !metadata.deletionTimestamp &&
      Boolean(
        status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
      ),
    host: node.toLoopback(status?.podIP ?? '') ?? '',
  }));
}

/** How many pods its webhook has given the secret's name. */
export async function countPatched({ host }: Replica): Promise<number> {
  const figures = await (await fetch(`http://${host}:${OPS_PORTS.webhook}/metrics`)).text();
  const line = /^ecr_pull_secrets_admission_requests_total\{result="patched"\} (\d+)$/m;
  return Number(line.exec(figures)?.[1]);
}
