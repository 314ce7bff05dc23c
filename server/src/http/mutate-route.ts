import type { Server } from 'node:https';
import type { FastifyInstance } from 'fastify';
import { readReviewFields } from '../admission/review-fields.ts';
import type { ReviewHandler } from '../admission/review-handler.ts';
import type { WebhookMetrics } from '../metrics.ts';
import { createBodyReader } from './body-reader.ts';
import { MUTATE_PATH } from './rejection.ts';

/** Adds `POST /mutate`. Its schema is in `review-fields.ts`. */
export function addMutateRoute(
  app: FastifyInstance<Server>,
  { handleReview, metrics }: { readonly handleReview: ReviewHandler; readonly metrics: WebhookMetrics },
  bodyBudgetBytes: number | undefined,
): void {
  const readBody = createBodyReader(bodyBudgetBytes);

  // Fastify's own parsers build the whole document.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', (_request, payload, done) => done(null, payload));

  app.route({
    method: 'POST',
    url: MUTATE_PATH,
    onRequest: (_request, reply, next) => {
      const observe = metrics.durationSeconds.startTimer();
      metrics.inFlight.inc();
      // Unlike Fastify's `onResponse`, this also runs if the client disconnects.
      reply.raw.once('close', () => {
        metrics.inFlight.dec();
        observe();
      });
      next();
    },
    handler: ({ raw }) =>
      readBody(raw, Number(raw.headers['content-length']), (body) => handleReview(readReviewFields(body))),
  });
}
