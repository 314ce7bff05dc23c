import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { NAMESPACES_PATH } from '@ecr-pull-secrets/kube/object-names.ts';
import { dryRun, podLike } from '../cluster/dry-run.ts';
import { foundIn, type Read } from '../cluster/read.ts';

/** What the API server does with a new pod that has an ECR image. */
export interface Attempt {
  readonly namespace: string;
  /** The names of its pull secrets. */
  readonly pullSecrets: Read<readonly string[]>;
}

/**
 * With a pull secret of its own the pod does not get those of its ServiceAccount, among which people may have put the
 * secret themselves.
 */
const OTHER_SECRET = 'ecr-pull-secrets-status';

/** Tries a pod as a dry run, in one namespace after another, until one does not refuse it. */
export async function tryInjection(
  client: KubeClient,
  namespaces: readonly string[],
  signal?: AbortSignal,
): Promise<Attempt | undefined> {
  const { spec, ...rest } = podLike(undefined);
  const pod = { ...rest, spec: { ...spec, imagePullSecrets: [{ name: OTHER_SECRET }] } };
  let last: Attempt | undefined;
  for (const namespace of namespaces) {
    last = { namespace, pullSecrets: await dryRun(client, namespace, pod, signal) };
    if (foundIn(last.pullSecrets)) break;
  }
  return last;
}

/** An API server that drops packets is not waited for longer. */
const TIMEOUT_MS = 2_000;

/**
 * Why the API server cannot reach the Service of the webhook, in its own words, by a request through its proxy;
 * `undefined` if it can, or if it cannot be determined. The proxy verifies no certificate.
 */
export async function whyUnreachable(
  client: KubeClient,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string | undefined> {
  try {
    const path = `${NAMESPACES_PATH}/${namespace}/services/https:${name}:https/proxy/`;
    await client.request({ method: 'GET', path, timeoutMs: TIMEOUT_MS });
    return undefined;
  } catch (error) {
    if (!isApiError(error)) return undefined;
    const [, reason] = /(error trying to reach service: .*|no endpoints available .*)/.exec(error.message) ?? [];
    return reason;
  }
}
