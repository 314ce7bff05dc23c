import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';

/** What an API server responds to a path: an object, or the status of a failure. */
export type Responses = Readonly<Record<string, object | number>>;

const COLLECTION = /\/(deployments|cronjobs|mutatingwebhookconfigurations)$/;

/** A client of an API server that has these objects. Other lists are empty, and other objects do not exist. */
export function clientOf(responses: Responses): KubeClient {
  return {
    request: async ({ method, path }) => {
      const response = responses[path] ?? (COLLECTION.test(path) ? { metadata: {}, items: [] } : 404);
      if (typeof response !== 'number') return JSON.parse(JSON.stringify(response));
      const text = JSON.stringify({ reason: 'Forbidden', message: 'User "x" cannot list resource "y"' });
      throw createApiError(`${method} ${path}`, { status: response, retryAfter: undefined, text });
    },
    stream: () => Promise.reject(new Error('there is no stream')),
    close: () => Promise.resolve(),
  };
}
