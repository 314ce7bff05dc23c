import { isApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { isDeepStrictEqual } from 'node:util';
import type { Pod } from '../api/objects.ts';
import type { PodStatus } from './status.ts';

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly pod: Pod;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly closing: AbortSignal;
}

/** Writes a pod's status, one write at a time, the newest only, and only if it differs. */
export interface StatusWriter {
  write(status: PodStatus): void;
  /** Resolves when the API server has the newest status or the pod is gone. */
  readonly flushed: () => Promise<void>;
}

const RETRY_MS = 500;

export function createStatusWriter(options: StatusWriterOptions): StatusWriter {
  const { clock, logger, closing } = options;
  let wanted: PodStatus | undefined;
  let written: PodStatus | undefined;
  let writing: Promise<void> | undefined;

  async function writeNewest(): Promise<void> {
    while (!closing.aborted) {
      const status = wanted;
      if (!status || isDeepStrictEqual(status, written)) return;
      try {
        await patchStatus(options, status);
        written = status;
      } catch (error) {
        // Gone, or a new pod has its name.
        if (isApiError(error, 404) || isApiError(error, 409)) return;
        if (closing.aborted) return;
        logger.warn({ err: error }, 'writing a pod status failed; will retry');
        await clock.sleep(RETRY_MS, closing);
      }
    }
  }

  function start(): Promise<void> {
    writing ??= writeNewest().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  return {
    write: (status) => {
      wanted = status;
      void start();
    },
    flushed: start,
  };
}

async function patchStatus({ client, pod, closing }: StatusWriterOptions, status: PodStatus): Promise<void> {
  const { namespace, name, uid } = pod.metadata;
  // Conditions are merged by type, so what a condition no longer says must be taken out by name.
  const conditions = status.conditions.map((condition) => ({
    reason: null,
    message: null,
    ...condition,
  }));
  await client.request({
    method: 'PATCH',
    path: `/api/v1/namespaces/${namespace}/pods/${name}/status`,
    query: { fieldManager: 'kubelet' },
    contentType: 'application/strategic-merge-patch+json',
    // The uid is a precondition: 409 if a new pod has the name.
    body: { metadata: { uid }, status: { ...status, conditions } },
    signal: closing,
  });
}
