import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { readPullSecret } from '../../pull-secrets/apply/read-pull-secret.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import type { SelfTestConfiguration } from './configuration.ts';
import { podToTry, tryPod } from './tried-pod.ts';

const INTERVAL_MS = 500;

/**
 * Waits until the namespace has its pull secret, and until the API server adds its name to a pod without
 * pull secrets. Nothing is created: the pod is a dry run, in which webhooks and policies take part too.
 *
 * @throws ECRPS_TEST_FAILED that says which of both is missing, and why
 */
export async function selfTest(
  { client, clock, print }: Pick<RenewerDependencies, 'client' | 'clock'> & { readonly print: (text: string) => void },
  settings: SelfTestConfiguration,
  stop: AbortSignal,
): Promise<void> {
  const endMs = clock.now() + settings.withinMs;
  /** Repeats a check until it no longer rejects; the time is what both checks share. */
  const eventually = async (check: () => Promise<string>): Promise<string> => {
    for (;;) {
      try {
        return await check();
      } catch (error) {
        if (stop.aborted || clock.now() >= endMs) throw error;
        await clock.sleep(INTERVAL_MS, stop);
      }
    }
  };
  print(`${await eventually(() => checkSecret(client, settings, clock.now()))}\n`);
  if (settings.expectInjection) print(`${await eventually(() => checkPod(client, settings))}\n`);
}

async function checkSecret(
  client: KubeClient,
  { namespace, pullSecretName }: SelfTestConfiguration,
  nowMs: number,
): Promise<string> {
  const where = `the pull secret ${pullSecretName} in namespace ${namespace}`;
  const secret = await readPullSecret({ client, namespace, name: pullSecretName }).catch((error: unknown) => {
    throw failure(`${where} cannot be read`, error);
  });
  if (!secret) throw failure(`${where} does not arrive: ${HINT}`);
  const { expiresAtMs = 0 } = secret;
  if (expiresAtMs > nowMs) return `${where} is good until ${new Date(expiresAtMs).toISOString()}`;
  throw failure(`${where} is expired: ${HINT}`);
}

const HINT = 'the log of the renewer says why';

async function checkPod(client: KubeClient, settings: SelfTestConfiguration): Promise<string> {
  const { namespace, pullSecretName } = settings;
  const names = await tryPod(client, namespace, podToTry(settings.pod)).catch((error: unknown) => {
    throw failure(`the API server accepts no pod in namespace ${namespace}`, error);
  });
  if (names.includes(pullSecretName)) {
    return `a pod with an ECR image in namespace ${namespace} names ${pullSecretName} by itself`;
  }
  const found = names.length > 0 ? `names only ${names.join(', ')}` : 'names no pull secret';
  throw failure(`a pod with an ECR image in namespace ${namespace} ${found}: ${pullSecretName} was not added to it`);
}

function failure(message: string, cause?: unknown): Error {
  return createError('ECRPS_TEST_FAILED', message, cause);
}
