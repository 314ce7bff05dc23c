import type { ServerResponse } from 'node:http';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { AdmissionReviewResponse } from '../admission/admission-response.ts';
import type { WebhookMetrics } from '../metrics.ts';
import { BUSY, type Rejection, rejectionOfError } from './rejection.ts';

/** Writes the answers of the webhook. */
export type Answers = ReturnType<typeof createAnswers>;

export interface AnswersDependencies {
  readonly metrics: Pick<WebhookMetrics, 'requests'>;
  readonly logger: Logger;
  /** Whether clients should use another replica: each answer then closes its connection. */
  readonly isDraining: () => boolean;
}

/** Creates the writer of all answers: reviews, and rejections, which are counted here. */
export function createAnswers({ metrics, logger, isDraining }: AnswersDependencies) {
  function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, text: string) {
    // At the end of a request, which may have begun before the drain: a connection that is kept alive
    // then would keep the server from closing (fastify/fastify#7044).
    if (isDraining()) response.setHeader('connection', 'close');
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
    response.end(text);
  }

  function sendText(response: ServerResponse, { status, text, headers }: Rejection): void {
    send(response, status, { ...headers, 'content-type': 'text/plain; charset=utf-8' }, `${text}\n`);
  }

  function reject(response: ServerResponse, rejection: Rejection): void {
    metrics.requests.inc({ result: rejection === BUSY ? 'busy' : 'refused' });
    sendText(response, rejection);
  }

  return {
    review: (response: ServerResponse, review: AdmissionReviewResponse) =>
      send(response, 200, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(review)),
    reject,
    /** Rejects if the error is the client's fault; any other one is logged. */
    failure: (response: ServerResponse, error: unknown) => {
      const rejection = rejectionOfError(error);
      if (rejection.status < 500) return reject(response, rejection);
      logger.error({ err: error }, 'request failed');
      metrics.requests.inc({ result: 'error' });
      sendText(response, rejection);
    },
  };
}
