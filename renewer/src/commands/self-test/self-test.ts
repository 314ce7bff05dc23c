import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import { type KubeClient, METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import type { PartialObject } from '@ecr-pull-secrets/kube/objects.ts';
import { metadataSelection } from '@ecr-pull-secrets/kube/read-json.ts';
import {
  PULL_SECRET_FIELDS,
  readPullSecretMetadata,
} from '../../pull-secrets/cache/pull-secret-metadata.ts';
import type { SelfTestConfiguration } from './configuration.ts';
import { podToTry } from './tried-pod.ts';

export interface SelfTestOptions {
  readonly configuration: Pick<
    SelfTestConfiguration,
    'namespace' | 'secretName' | 'expectInjection' | 'pod' | 'withinMs'
  >;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly print: (text: string) => void;
  readonly stop: AbortSignal;
}

const INTERVAL_MS = 500;

/**
 * Waits until the namespace has its pull secret, and until the API server puts its name on a pod that
 * says nothing about pull secrets. Nothing is created: the pod is a dry run, in which webhooks and
 * policies take part all the same.
 *
 * @throws ECRPS_TEST_FAILED that says which of both is missing, and why
 */
export async function selfTest(options: SelfTestOptions): Promise<void> {
  const { configuration, clock, print } = options;
  const { expectInjection, withinMs } = configuration;
  const endMs = clock.now() + withinMs;
  print(`${await eventually(options, endMs, () => lookForSecret(options))}\n`);
  if (expectInjection) print(`${await eventually(options, endMs, () => tryPod(options))}\n`);
}

/** Tries until a check no longer rejects; the time is what both checks share. */
async function eventually(
  { clock, stop }: SelfTestOptions,
  endMs: number,
  check: () => Promise<string>,
): Promise<string> {
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (stop.aborted || clock.now() >= endMs) throw error;
      await clock.sleep(INTERVAL_MS, stop);
    }
  }
}

async function lookForSecret({ configuration, client, clock }: SelfTestOptions): Promise<string> {
  const { namespace, secretName } = configuration;
  const where = `the pull secret ${secretName} in namespace ${namespace}`;
  const path = `/api/v1/namespaces/${namespace}/secrets/${secretName}`;
  try {
    const { metadata } = await client.request<PartialObject>({
      method: 'GET',
      path,
      accept: METADATA_ONLY,
      select: metadataSelection(PULL_SECRET_FIELDS),
    });
    const { expiresAtMs = 0 } = readPullSecretMetadata(metadata);
    if (expiresAtMs > clock.now()) {
      return `${where} is good until ${new Date(expiresAtMs).toISOString()}`;
    }
  } catch (error) {
    if (isApiError(error, 404)) throw failure(`${where} does not arrive: ${HINT}`);
    throw failure(`${where} cannot be looked at`, error);
  }
  throw failure(`${where} is expired: ${HINT}`);
}

const HINT = 'the log of the renewer says why';

async function tryPod({ configuration, client }: SelfTestOptions): Promise<string> {
  const { namespace, secretName } = configuration;
  const names = await dryRun(client, configuration);
  if (names.includes(secretName)) {
    return `a pod with an ECR image in namespace ${namespace} names ${secretName} by itself`;
  }
  const found = names.length > 0 ? `names only ${names.join(', ')}` : 'names no pull secret';
  throw failure(
    `a pod with an ECR image in namespace ${namespace} ${found}: nobody put ${secretName} on it`,
  );
}

async function dryRun(
  client: KubeClient,
  { namespace, pod }: SelfTestOptions['configuration'],
): Promise<readonly string[]> {
  try {
    const { spec } = await client.request<AdmittedPod>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods`,
      query: { dryRun: 'All' },
      body: podToTry(pod),
    });
    return spec.imagePullSecrets?.map(({ name = '' }) => name) ?? [];
  } catch (error) {
    throw failure(`the API server takes no pod in namespace ${namespace}`, error);
  }
}

interface AdmittedPod {
  readonly spec: { readonly imagePullSecrets?: readonly { readonly name?: string }[] };
}

function failure(message: string, cause?: unknown): Error {
  return createError('ECRPS_TEST_FAILED', message, cause);
}
