import { METADATA_ONLY } from '@ecr-pull-secrets/kube/client.ts';
import { podsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { readReviews } from '../load/reviews.ts';
import type { GoRequest } from './go-client.ts';

/** The ordinary pod of the reviews, without what an API server adds to the metadata. */
export async function readPod(name: string): Promise<Manifest> {
  const { small } = await readReviews();
  const { metadata, spec } = JSON.parse(small.body.toString('utf8')).request.object;
  const { labels, annotations } = metadata;
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, annotations }, spec };
}

/** The request that creates it in a namespace, or only tries to. */
export async function podRequest(namespace: string, { isDryRun }: { readonly isDryRun: boolean }): Promise<GoRequest> {
  return {
    method: 'POST',
    path: `${podsPath(namespace)}${isDryRun ? '?dryRun=All' : ''}`,
    contentType: 'application/json',
    accept: METADATA_ONLY,
    body: JSON.stringify(await readPod('{{name}}')),
  };
}
