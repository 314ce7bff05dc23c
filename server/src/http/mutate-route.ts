import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import { readReviewFields } from '../admission/review-fields.ts';
import type { ReviewHandler } from '../admission/review-handler.ts';
import type { WebhookMetrics } from '../metrics.ts';
import type { Answers } from './answers.ts';
import { createBodyReader } from './body-reader.ts';
import { MUTATE_PATH } from './rejection.ts';

interface MutateRouteDependencies {
  readonly handleReview: ReviewHandler;
  readonly metrics: WebhookMetrics;
  readonly answers: Answers;
}

/**
 * Adds `POST /mutate`. Its schema is in `review-fields.ts`.
 *
 * A review is answered in Fastify's first hook, from Node's own request and response: the parsing of bodies, validation,
 * serialization and further hooks, which it does not need, took 6 % of the CPU of a small review
 * (`npm run bench -- admission`).
 */
export function addMutateRoute(
  app: FastifyInstance<Server>,
  { handleReview, metrics, answers }: MutateRouteDependencies,
  bodyBudgetBytes: number | undefined,
): void {
  const readBody = createBodyReader(bodyBudgetBytes);

  async function review(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    metrics.inFlight.inc();
    // This also runs if the client disconnects.
    response.on('close', () => {
      metrics.inFlight.dec();
      metrics.durationSeconds.observe((performance.now() - startedMs) / 1000);
    });
    try {
      const length = Number(request.headers['content-length']);
      answers.review(response, await readBody(request, length, (body) => handleReview(readReviewFields(body))));
    } catch (error) {
      answers.failure(response, error);
    }
  }

  app.route({
    method: 'POST',
    url: MUTATE_PATH,
    onRequest: ({ raw }, reply) => {
      reply.hijack();
      void review(raw, reply.raw);
    },
    // Fastify requires one; it is not called.
    handler: () => undefined,
  });
}
