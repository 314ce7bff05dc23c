import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { WebhookMetrics } from '../metrics.ts';
import { type AdmissionReviewResponse, allow } from './admission-response.ts';
import { type AdmissionRequest, readAdmissionRequest } from './admission-review.ts';
import { fieldOf, textOf } from './json-fields.ts';
import type { PodDecider } from './pod-decision.ts';

interface ReviewHandlerDependencies {
  readonly decide: PodDecider;
  readonly metrics: Pick<WebhookMetrics, 'requests' | 'uncoveredPods'>;
  readonly logger: Logger;
}

/**
 * Answers a parsed body. A request that does not create a pod is allowed unchanged. If an internal error
 * prevents the decision about a pod, the pod is allowed unchanged too, with a warning.
 *
 * @throws ECRPS_ADMISSION_BODY_INVALID if the body is not an AdmissionReview
 */
export type ReviewHandler = (body: unknown) => AdmissionReviewResponse;

/** Creates the handler. It answers from memory alone, without disk and network. */
export function createReviewHandler({ decide, metrics, logger }: ReviewHandlerDependencies): ReviewHandler {
  return (body) => {
    const request = readAdmissionRequest(body);
    if (!request.createsPod) {
      metrics.requests.inc({ result: 'noop' });
      return allow(request.uid, {});
    }
    try {
      const decision = decide(request.object, request.namespace);
      const answer = allow(request.uid, decision);
      metrics.requests.inc({ result: decision.outcome });
      if (decision.hasUncoveredImage) metrics.uncoveredPods.inc();
      if (decision.outcome === 'patched') logger.debug(describePod(request), 'pull secret injected');
      return answer;
    } catch (err) {
      metrics.requests.inc({ result: 'error' });
      logger.error({ ...describePod(request), err }, 'admission review failed, pod left unchanged');
      return allow(request.uid, { warnings: [FAILURE_WARNING] });
    }
  };
}

const FAILURE_WARNING = 'ecr-pull-secrets: internal error, so this pod got no pull secret; see the log of the webhook';

/** Enough to find the pod, and nothing else from it. */
function describePod({ namespace, object }: AdmissionRequest): { namespace: string; pod: string } {
  const metadata = fieldOf(object, 'metadata');
  return { namespace, pod: textOf(metadata, 'name') || textOf(metadata, 'generateName') || '' };
}
