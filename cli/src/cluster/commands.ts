import type { Release } from './release.ts';

/** Commands for a release, which a person runs. */
export function commandsOf({ name, namespace, helmName }: Release) {
  const place = `--namespace ${namespace}`;
  return {
    logs: `kubectl logs deployment/${name} ${place} --container renewer`,
    scale: `kubectl scale deployment/${name} ${place} --replicas=2`,
    upgrade: `helm upgrade ${helmName} ./chart ${place} --reset-then-reuse-values`,
  };
}
