import { createHash } from 'node:crypto';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

/** A repository of every registry of the stand-in. */
export interface RepositoryOptions {
  readonly tags: readonly string[];
  /** The action that its policy does not allow. */
  readonly refuses?: 'ecr:BatchGetImage' | 'ecr:GetDownloadUrlForLayer';
}

export type Repositories = Readonly<Record<string, RepositoryOptions>>;

/** Where ECR redirects to for layers. */
export const LAYER_HOST = 'prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com';

const CONFIG = JSON.stringify({ architecture: 'amd64', os: 'linux' });
const CONFIG_DIGEST = digestOf(CONFIG);
const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: MANIFEST_TYPE,
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: CONFIG_DIGEST, size: CONFIG.length },
  layers: [],
});
const MANIFEST_DIGEST = digestOf(MANIFEST);

/** Each tag is an index with one image. */
const INDEX = JSON.stringify({
  schemaVersion: 2,
  mediaType: INDEX_TYPE,
  manifests: [
    {
      mediaType: MANIFEST_TYPE,
      digest: MANIFEST_DIGEST,
      size: MANIFEST.length,
      platform: { os: 'linux', architecture: 'amd64' },
    },
  ],
});

/**
 * Manifests and blobs of a registry, after the login, in the words of ECR.
 *
 * @returns `undefined` for a path that is neither
 */
export function answerRepository({ url }: WireRequest, repositories: Repositories): Answer | undefined {
  const [, name = '', kind, reference = ''] = /^\/v2\/(.+)\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
  if (kind === undefined) return undefined;
  const repository = repositories[name];
  if (!repository) {
    return refuse(404, 'NAME_UNKNOWN', `The repository with name '${name}' does not exist in the registry`);
  }
  const action = kind === 'manifests' ? 'ecr:BatchGetImage' : 'ecr:GetDownloadUrlForLayer';
  if (repository.refuses === action) {
    return refuse(
      403,
      'DENIED',
      `User: arn:aws:iam::123456789012:user/renewer is not authorized to perform: ${action}`,
    );
  }
  if (kind === 'blobs') return answerBlob(reference);
  if (reference === MANIFEST_DIGEST) return ok(MANIFEST_TYPE, MANIFEST);
  if (repository.tags.includes(reference)) return ok(INDEX_TYPE, INDEX);
  return refuse(404, 'MANIFEST_UNKNOWN', 'Requested image not found');
}

function answerBlob(digest: string): Answer {
  if (digest !== CONFIG_DIGEST) return refuse(404, 'BLOB_UNKNOWN', 'layer not found');
  const location = `https://${LAYER_HOST}/layers/${digest}?X-Amz-Signature=${'ab'.repeat(32)}`;
  return { status: 307, headers: { location }, body: '' };
}

/** S3 takes the signature in the URL, and refuses a second way to authenticate. */
export function answerLayer(request: WireRequest): Answer {
  if (headerOf(request, 'authorization') === '') return ok('application/octet-stream', CONFIG);
  const body = '<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>';
  return { status: 400, headers: { 'content-type': 'application/xml' }, body };
}

function ok(type: string, body: string): Answer {
  return { status: 200, headers: { 'content-type': type }, body };
}

function refuse(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ errors: [{ code, message }] }),
  };
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
