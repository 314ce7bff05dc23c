import type { Pod } from '../api/objects.ts';
import { followCollection } from '../api/store.ts';
import type { NodeContext } from './node-context.ts';
import { type PodWorker, startPodWorker } from './pod-worker.ts';

/** All pods of a node. */
export interface PodWorkers {
  /** The worker of a pod that is in the API server. */
  find(namespace: string, name: string): PodWorker | undefined;
  /** Kills everything. Resolves when no process is left. */
  close(): Promise<void>;
}

/** Follows the pods that are bound to the node and gives each a worker. */
export function startPodWorkers(context: NodeContext): PodWorkers {
  // A worker that is done stays known until the API server's last word about its pod has come: an
  // older word that comes late must not start the pod again.
  const known = new Map<string, PodWorker>();
  const living = new Set<PodWorker>();

  function start(key: string, pod: Pod): PodWorker {
    const worker = startPodWorker(context, pod);
    known.set(key, worker);
    living.add(worker);
    void worker.done.finally(() => living.delete(worker));
    return worker;
  }

  function forget(key: string): void {
    known.get(key)?.stop(0);
    known.delete(key);
  }

  followCollection<Pod>(context, {
    path: '/api/v1/pods',
    fieldSelector: `spec.nodeName=${context.nodeName}`,
    signal: context.closing,
    onChange: (key, pod) => {
      // Gone, or a new pod has its name.
      if (known.get(key)?.uid !== pod?.metadata.uid) forget(key);
      if (pod) (known.get(key) ?? start(key, pod)).update(pod);
    },
  });

  return {
    find: (namespace, name) => known.get(`${namespace}/${name}`),
    close: async () => {
      for (const worker of living) worker.stop(0);
      await Promise.all([...living].map((worker) => worker.done));
    },
  };
}
