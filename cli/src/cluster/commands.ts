import type { Release } from './release.ts';

/** Commands for a release, which a person runs. */
export function commandsOf({ name, namespace, helmName }: Release) {
  const place = `--namespace ${namespace}`;
  return {
    // The log of the leader says why, and `deployment/…` would choose any replica.
    logs: `kubectl logs ${place} --selector app.kubernetes.io/instance=${helmName} --container renewer --prefix --tail=100`,
    scale: `kubectl scale deployment/${name} ${place} --replicas=2`,
    upgrade: `helm upgrade ${helmName} ./chart ${place} --reset-then-reuse-values`,
  };
}
