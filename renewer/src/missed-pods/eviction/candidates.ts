import type { MissedPod, PodController } from '../missed-pod.ts';
import { MOST_CANDIDATES } from '../pacing.ts';

/** A missed pod with a controller. */
export type Candidate = MissedPod & { readonly controller: PodController };

/** Those of one list, by namespace. */
export type Candidates = ReadonlyMap<string, readonly Candidate[]>;

/**
 * The pods of a list that may be evicted, one of each controller. If there are too many, the namespace that has the most
 * loses one: anyone who creates pods in the first namespaces of the list must not fill the places of the others.
 */
export function createCandidates() {
  let ofNamespaces = new Map<string, Map<string, Candidate>>();
  let size = 0;

  function largest(): Map<string, Candidate> {
    let found = new Map<string, Candidate>();
    for (const pods of ofNamespaces.values()) if (pods.size > found.size) found = pods;
    return found;
  }

  return {
    add: (pod: Candidate): void => {
      const { namespace, controller } = pod;
      const pods = ofNamespaces.get(namespace) ?? new Map<string, Candidate>();
      if (pods.has(controller.uid)) return;
      if (size === MOST_CANDIDATES) {
        const others = largest();
        const [last] = [...others.keys()].slice(-1);
        if (others.size <= pods.size + 1 || last === undefined) return;
        others.delete(last);
        size -= 1;
      }
      ofNamespaces.set(namespace, pods.set(controller.uid, pod));
      size += 1;
    },
    /** Ends the list. */
    take: (): Candidates => {
      const taken = new Map([...ofNamespaces].map(([namespace, pods]) => [namespace, [...pods.values()]] as const));
      ofNamespaces = new Map();
      size = 0;
      return taken;
    },
  };
}
