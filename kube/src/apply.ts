import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { APPLY_PATCH, type KubeClient, METADATA_ONLY } from './client.ts';
import type { PartialObjectMetadata } from './objects.ts';
import { type MetadataFields, metadataSelection } from './read-json.ts';

/** No object has this version, so an apply that names it only creates [tried on 1.36 and 1.37]. */
export const CREATE_ONLY = '1';

/** One server-side apply in our name. */
interface Apply {
  readonly client: KubeClient;
  /** Path of the object. */
  readonly path: string;
  /** The fields that we want to own, `apiVersion`, `kind` and `metadata` among them. */
  readonly body: object;
  /** The fields of the metadata that are read of the response, besides those that identify the object. */
  readonly metadataFields?: MetadataFields;
  readonly signal: AbortSignal;
}

/**
 * Applies fields and takes them over from their owners; other fields stay (KEP-555). A
 * `metadata.resourceVersion` binds it to that version, and with `CREATE_ONLY` it can only create.
 * The response holds metadata alone.
 *
 * @throws an ApiError: 409 if the object has another version
 */
export function apply({ client, metadataFields = {}, ...request }: Apply): Promise<PartialObjectMetadata> {
  return client.request<PartialObjectMetadata>({
    ...request,
    method: 'PATCH',
    query: { fieldManager: PRODUCT_NAME, force: true },
    contentType: APPLY_PATCH,
    accept: METADATA_ONLY,
    select: metadataSelection(metadataFields),
  });
}
