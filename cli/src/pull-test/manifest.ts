import { propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';

/** The Accept of nodes. */
export const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const DIGEST = /^[a-z0-9]+:[a-f0-9]{32,128}$/;

/** The digest or the tag of an image. */
export function referenceOf(image: string): string {
  const [name = '', digest] = image.split('@');
  return digest ?? /:([^:/]+)$/.exec(name)?.[1] ?? 'latest';
}

/** Of an index the manifest for the usual platform, else its first one. */
export function childDigestOf(manifest: unknown): string | undefined {
  const manifests = propertyOf(manifest, 'manifests');
  if (!Array.isArray(manifests)) return undefined;
  const usual = manifests.find((each) => {
    const platform = propertyOf(each, 'platform');
    return propertyOf(platform, 'os') === 'linux' && propertyOf(platform, 'architecture') === 'amd64';
  });
  return digestIn(usual ?? manifests[0]);
}

function digestIn(descriptor: unknown): string | undefined {
  const digest = propertyOf(descriptor, 'digest');
  return typeof digest === 'string' && DIGEST.test(digest) ? digest : undefined;
}

/** The digest of an image's config. */
export function configDigestOf(manifest: unknown): string | undefined {
  return digestIn(propertyOf(manifest, 'config'));
}
