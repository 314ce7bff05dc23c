import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { rm } from 'node:fs/promises';
import type { Pod } from '../api/objects.ts';
import { type ContainerProbes, startProbes } from '../probes/probes.ts';
import { aborted, createPulse } from '../pulse.ts';
import { keepMounted } from './mounting.ts';
import type { NodeContext } from './node-context.ts';
import { runContainers, windDown } from './pod-containers.ts';
import { type PodSetup, setUpPod } from './pod-setup.ts';
import { createStatusKeeper } from './status-keeper.ts';

/** Lives with one pod from its arrival on the node to its end. */
export interface PodWorker {
  readonly uid: string;
  /** Process ids of the running containers by name. */
  processes(): ReadonlyMap<string, number>;
  /** Passes on a newer version of the pod, which may be one that is to be deleted. */
  update(pod: Pod): void;
  /** Stops it within a grace period: it is to be deleted, or is gone already. */
  stop(graceSeconds: number): void;
  /** Resolves when nothing of the pod is left. */
  readonly done: Promise<void>;
}

/** What Kubernetes fills in if a pod says nothing. */
const DEFAULT_GRACE_SECONDS = 30;
const DELETE_RETRY_MS = 500;

export function startPodWorker(context: NodeContext, first: Pod): PodWorker {
  const { clock, closing, logger } = context;
  const { terminationGracePeriodSeconds: graceSeconds = DEFAULT_GRACE_SECONDS } = first.spec;
  let pod = first;
  let graceGranted = Number.POSITIVE_INFINITY;
  const changes = createPulse();
  const stopping = new AbortController();
  const gone = new AbortController();
  const expired = new AbortController();
  const ending = AbortSignal.any([stopping.signal, expired.signal]);
  const setup = setUpPod(context, () => pod, onContainerChange);
  const { containers, volumeChanges } = setup;
  const keeper = createStatusKeeper(context, () => pod, setup);
  const all = [...containers.init, ...containers.regular];
  const probes: ContainerProbes[] = all.map((container) =>
    startProbes({
      ...setup,
      container,
      address: setup.address.loopback,
      graceSeconds,
      clock,
      stopping: stopping.signal,
      gone: gone.signal,
    }),
  );

  function onContainerChange(): void {
    keeper.refresh();
    changes.ring();
    for (const probe of probes) probe.hurry();
  }

  function stop(seconds: number): void {
    // A grace period only ever becomes shorter.
    if (seconds >= graceGranted) return;
    graceGranted = seconds;
    stopping.abort();
    void windDown(containers, clock, seconds);
  }

  /** Ends the containers, and leaves the pod, after its `activeDeadlineSeconds`. */
  async function expire(): Promise<void> {
    const { activeDeadlineSeconds } = first.spec;
    if (activeDeadlineSeconds === undefined) return;
    await clock.sleep(activeDeadlineSeconds * 1000, gone.signal);
    if (gone.signal.aborted) return;
    expired.abort();
    await windDown(containers, clock, graceSeconds);
  }

  async function live(): Promise<void> {
    keeper.refresh();
    const { mounted, finished } = mount(context, setup, gone.signal);
    void expire();
    await Promise.race([mounted, aborted(ending)]);
    if (!ending.aborted) keeper.enter('running');
    await runContainers(containers, { clock, changes, stopping: ending, graceSeconds });

    gone.abort();
    await finished;
    await cleanUp(setup);
    keeper.enter(expired.signal.aborted ? 'expired' : 'over');
    await keeper.flushed();
    // A pod that has ended by itself stays until it is deleted.
    await aborted(stopping.signal);
    await deletePod(context, pod);
    context.addresses.release(setup.address);
  }

  return {
    uid: first.metadata.uid,
    processes: () => {
      const running = all.map((container) => [container.spec.name, container.pid()] as const);
      return new Map(running.filter(hasPid));
    },
    update: (next) => {
      pod = next;
      keeper.refresh();
      volumeChanges.ring();
      const { deletionTimestamp, deletionGracePeriodSeconds = graceSeconds } = next.metadata;
      if (deletionTimestamp) stop(deletionGracePeriodSeconds);
    },
    stop,
    done: live().catch((error: unknown) => {
      if (!closing.aborted) logger.error({ err: error }, 'a pod worker failed');
    }),
  };
}

function hasPid(entry: readonly [string, number | undefined]): entry is readonly [string, number] {
  return entry[1] !== undefined;
}

/** Starts to keep the pod's volumes: `mounted` when all are there, `finished` when none is written any more. */
function mount(
  { clock }: NodeContext,
  { volumes, events, volumeChanges }: PodSetup,
  gone: AbortSignal,
): { mounted: Promise<void>; finished: Promise<void> } {
  const { promise: mounted, resolve } = Promise.withResolvers<void>();
  const finished = keepMounted({
    volumes,
    events,
    clock,
    changes: volumeChanges,
    onMounted: resolve,
    gone,
  });
  return { mounted, finished };
}

/** The pod's folders go before the pod is reported to be over, as kubelet unmounts first. */
async function cleanUp({ objects, folder }: PodSetup): Promise<void> {
  objects.release();
  await rm(folder, { recursive: true, force: true });
}

/** The last word of kubelet: now the API server may forget the pod. */
async function deletePod({ client, clock, closing }: NodeContext, pod: Pod): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  while (!closing.aborted) {
    try {
      await client.request({
        method: 'DELETE',
        path: `/api/v1/namespaces/${namespace}/pods/${name}`,
        body: { gracePeriodSeconds: 0, preconditions: { uid } },
        signal: closing,
      });
      return;
    } catch (error) {
      if (isApiError(error, 404) || isApiError(error, 409)) return;
      await clock.sleep(DELETE_RETRY_MS, closing);
    }
  }
}
