import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import { type AdmissionAnswer, allow } from './admission-response.ts';
import { type AdmissionRequest, readAdmissionRequest } from './admission-review.ts';
import { fieldOf, textOf } from './json-fields.ts';
import type { WebhookMetrics } from '../metrics.ts';
import type { PodReviewer } from './pod-review.ts';

export interface MutatorOptions {
  readonly reviewPod: PodReviewer;
  readonly metrics: Pick<WebhookMetrics, 'requests'>;
  readonly logger: Logger;
}

/**
 * Answers a parsed body. Whatever is no creation of a pod passes untouched, and so does the pod where
 * an error of ours keeps us from reviewing it, with a warning.
 *
 * @throws ECRPS_ADMISSION_BODY_INVALID where the body is no AdmissionReview
 */
export type Mutator = (body: unknown) => AdmissionAnswer;

/** Makes the mutator: from memory alone, no disk and no network. */
export function createMutator({ reviewPod, metrics, logger }: MutatorOptions): Mutator {
  return (body) => {
    const request = readAdmissionRequest(body);
    if (!request.createsPod) {
      metrics.requests.inc({ result: 'noop' });
      return allow(request.uid, {});
    }
    try {
      const review = reviewPod(request.object, request.namespace);
      const answer = allow(request.uid, review);
      metrics.requests.inc({ result: review.outcome });
      if (review.outcome === 'patched') logger.debug(describePod(request), 'pull secret injected');
      return answer;
    } catch (err) {
      metrics.requests.inc({ result: 'error' });
      logger.error({ ...describePod(request), err }, 'review of a pod failed; it passes unchanged');
      return allow(request.uid, { warnings: [FAILURE_WARNING] });
    }
  };
}

const FAILURE_WARNING =
  'ecr-pull-secrets: internal error, so this pod got no pull secret; the log of the webhook says more';

/** Enough to find a pod, and nothing else of it. */
function describePod({ namespace, object }: AdmissionRequest): { namespace: string; pod: string } {
  const metadata = fieldOf(object, 'metadata');
  return { namespace, pod: textOf(metadata, 'name') || textOf(metadata, 'generateName') || '' };
}
