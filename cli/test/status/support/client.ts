import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import type { PartialObjectMetadata } from '@ecr-pull-secrets/kube/objects.ts';
import { clientWith } from '../../support/client.ts';

/** What an API server responds to a path: an object, the objects of a list, or the status of a failure. */
export type Responses = Readonly<Record<string, object | readonly PartialObjectMetadata[] | number>>;

const COLLECTION = /\/(deployments|cronjobs|mutatingwebhookconfigurations)$/;

/** A client of an API server that has these objects. Other lists are empty, and other objects do not exist. */
export function clientOf(responses: Responses): KubeClient {
  return clientWith((request) => {
    const { method, path } = request;
    const response = responses[path] ?? (COLLECTION.test(path) ? [] : 404);
    if (typeof response !== 'number') return Array.isArray(response) ? listOf(response, request) : response;
    const text = JSON.stringify({ reason: 'Forbidden', message: 'User "x" cannot list resource "y"' });
    throw createApiError(`${method} ${path}`, { status: response, retryAfter: undefined, text });
  });
}

/** Selects by one label, as `a=b`. */
function listOf(objects: readonly PartialObjectMetadata[], { query }: KubeRequest): object {
  const [key = '', value] = String(query?.['labelSelector'] ?? '').split('=');
  const items = objects.filter(({ metadata }) => key === '' || metadata.labels?.[key] === value);
  return { metadata: {}, items };
}
