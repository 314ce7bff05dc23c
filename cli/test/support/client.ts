import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/kube/client.ts';

/** A client of an API server that responds with these values; a response that throws is a failure. */
export function clientWith(respond: (request: KubeRequest) => unknown): KubeClient {
  return {
    request: async (request) => {
      const text = JSON.stringify(respond(request) ?? null);
      return 'parse' in request ? request.parse(Buffer.from(text)) : JSON.parse(text);
    },
    stream: () => Promise.reject(new Error('there is no stream')),
    close: () => Promise.resolve(),
  };
}
