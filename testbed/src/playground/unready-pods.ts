import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { LocalNode } from '../local-node/local-node.ts';
import type { KubeApi } from './kube-api.ts';

/** The parts of a pod that show why it is not ready. */
interface Pod {
  readonly metadata: { readonly name: string };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state: ContainerState;
  /** How the process before this one ended. */
  readonly lastState: ContainerState;
}

/** `running` if it is neither. */
interface ContainerState {
  readonly waiting?: { readonly reason?: string };
  readonly terminated?: { readonly exitCode: number };
}

/** What a person needs to see the reason; no log holds a secret. */
const LOG_LINES = 10;

/**
 * Describes each of the product's pods that is not ready: the states of its containers and the ends of
 * their logs. Empty if all are ready; never throws.
 */
export async function describeUnreadyPods(api: KubeApi, node: LocalNode): Promise<string> {
  try {
    const pods = await api.list<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`, {
      labelSelector: `app.kubernetes.io/name=${PRODUCT_NAME}`,
    });
    const unready = pods.filter((pod) => !isReady(pod));
    const reports = await Promise.all(unready.map((pod) => describePod(pod, node)));
    return reports.join('\n');
  } catch (error) {
    return `the reason why its pods are not ready is unknown: ${describeError(error)}`;
  }
}

function isReady({ status }: Pod): boolean {
  return Boolean(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'));
}

async function describePod({ metadata, status }: Pod, node: LocalNode): Promise<string> {
  const containers = status?.containerStatuses ?? [];
  // A pod that was never started says why in its conditions.
  const conditions = containers.length > 0 ? [] : (status?.conditions ?? []);
  const reports = await Promise.all(
    containers.map(async (container) => {
      const report = `  ${container.name}: ${describeContainer(container)}`;
      // Of a ready one too: a webhook waits for what its renewer says that it cannot do.
      return `${report}\n${await logEnd(node, metadata.name, container.name)}`;
    }),
  );
  const lines = conditions.map(({ type, message = 'false' }) => `  ${type}: ${message}`);
  return [`pod ${metadata.name} is not ready:`, ...lines, ...reports].join('\n');
}

function describeContainer({ ready, restartCount, state, lastState }: ContainerStatus): string {
  const facts = [
    describeState(state),
    ready ? 'ready' : 'not ready',
    restartCount > 0 ? `restarts: ${restartCount}` : '',
    lastState.terminated ? `before that ${describeState(lastState)}` : '',
  ];
  return facts.filter(Boolean).join(', ');
}

function describeState({ waiting, terminated }: ContainerState): string {
  if (waiting) return `waiting (${waiting.reason ?? 'without a reason'})`;
  return terminated ? `ended with exit code ${terminated.exitCode}` : 'running';
}

async function logEnd(node: LocalNode, pod: string, container: string): Promise<string> {
  const log = (await node.logs(PRODUCT_NAME, pod, container)).trimEnd();
  const lines = log === '' ? ['(its log is empty)'] : log.split('\n').slice(-LOG_LINES);
  return lines.map((line) => `    ${line}`).join('\n');
}
