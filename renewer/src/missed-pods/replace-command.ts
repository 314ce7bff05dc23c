import { shellWord } from '@ecr-pull-secrets/shared/command-line/shell-word.ts';

/** The part of a pod's metadata that names its workload. Anyone who creates a pod chooses the owner references. */
interface ReplacedPod {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind?: string; readonly name?: string }[];
  };
}

/** The command that replaces a pod, as its controller creates it again. */
export function replaceCommand({ metadata }: ReplacedPod, namespace: string): string {
  const place = `--namespace ${namespace}`;
  const [owner] = metadata.ownerReferences ?? [];
  if (owner?.kind === undefined || owner.name === undefined) {
    return `kubectl get pod ${metadata.name} ${place} --output yaml | kubectl replace --force --filename -`;
  }
  if (owner.kind === 'StatefulSet' || owner.kind === 'DaemonSet') {
    return `kubectl rollout restart ${shellWord(`${owner.kind.toLowerCase()}/${owner.name}`)} ${place}`;
  }
  const hash = metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return `kubectl rollout restart ${shellWord(`deployment/${owner.name.slice(0, -hash.length - 1)}`)} ${place}`;
  }
  return `kubectl delete pod ${metadata.name} ${place}`;
}
