import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { fullNameOf, registryOf } from '@ecr-pull-secrets/shared/image-reference.ts';
import { childDigestOf, configDigestOf, MANIFEST_TYPES, referenceOf } from './manifest.ts';
import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import type { PullResult, Stage } from './pull-outcome.ts';
import { reasonIn } from './response-text.ts';
import { type HttpsGetter, type HttpsResponse, httpsUrlOf } from '@ecr-pull-secrets/kube/network/https-get.ts';

/** Larger manifests are refused by registries (ECR: 4 MiB). */
const LARGEST_MANIFEST_BYTES = 4 * 1024 ** 2;

/** The body of a refusal; of a blob less is read. */
const LARGEST_REASON_BYTES = 4096;

const MOST_REDIRECTS = 3;

interface Pull {
  readonly client: HttpsGetter;
  /** `https://host` */
  readonly registry: URL;
  readonly repository: string;
  readonly authorization: string;
}

/**
 * Tries what a node does for a pull: requests the manifest, and of the smallest blob, the config, the first byte, from
 * where the registry redirects to. The credential is only sent to the registry of the image.
 *
 * @param basic - base64 of `user:password`
 */
export async function tryPull(client: HttpsGetter, image: string, basic: string): Promise<PullResult> {
  const host = registryOf(image);
  const registry = httpsUrlOf(host);
  if (!registry) return { kind: 'untried', reason: 'its registry is not a host name' };
  const repository = fullNameOf(image).slice(host.length + 1);
  const pull = { client, registry, repository, authorization: `Basic ${basic}` };
  return await followPull(pull, referenceOf(image));
}

async function followPull(pull: Pull, reference: string): Promise<PullResult> {
  const first = await requestManifest(pull, reference);
  if (isResult(first)) return first;
  const child = childDigestOf(first.json);
  const second = child === undefined ? first : await requestManifest(first.pull, child);
  if (isResult(second)) return second;
  const digest = configDigestOf(second.json);
  if (digest === undefined) return { kind: 'untried', reason: 'its manifest names no config' };
  return await requestBlob(second.pull, digest);
}

interface Manifest {
  /** With the authorization that the registry accepted. */
  readonly pull: Pull;
  readonly json: unknown;
}

function isResult(value: PullResult | Manifest): value is PullResult {
  return 'kind' in value;
}

async function requestManifest(pull: Pull, reference: string): Promise<PullResult | Manifest> {
  const { registry, repository } = pull;
  const url = new URL(`/v2/${repository}/manifests/${reference}`, registry);
  const requestWith = (authorization: string) =>
    pull.client.get({ url, headers: { accept: MANIFEST_TYPES, authorization }, maxBytes: LARGEST_MANIFEST_BYTES });
  try {
    let accepted = pull;
    let response = await requestWith(pull.authorization);
    const bearer = response.status === 401 ? await bearerFor(pull, response.challenge) : undefined;
    if (bearer !== undefined) {
      accepted = { ...pull, authorization: `Bearer ${bearer}` };
      response = await requestWith(accepted.authorization);
    }
    if (response.status !== 200) return refused('manifest', url, response, pull);
    return { pull: accepted, json: parseJson(response.body.toString()) };
  } catch (error) {
    return { kind: 'unreachable', stage: 'manifest', host: url.host, reason: describeError(error) };
  }
}

/** A token of a registry that logs in by `Bearer`; the credential goes only to the registry itself. */
async function bearerFor({ client, registry, authorization }: Pull, challenge: string): Promise<string | undefined> {
  const realm = /^Bearer .*realm="([^"]+)"/i.exec(challenge)?.[1] ?? '';
  if (!URL.canParse(realm) || new URL(realm).origin !== registry.origin) return undefined;
  const url = new URL(realm);
  for (const name of ['service', 'scope']) {
    const value = new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    if (value !== undefined) url.searchParams.set(name, value);
  }
  const response = await client.get({ url, headers: { authorization }, maxBytes: LARGEST_MANIFEST_BYTES });
  const token = propertyOf(parseJson(response.body.toString()), 'token');
  return response.status === 200 && typeof token === 'string' ? token : undefined;
}

async function requestBlob(pull: Pull, digest: string): Promise<PullResult> {
  const { client, registry, repository, authorization } = pull;
  let url = new URL(`/v2/${repository}/blobs/${digest}`, registry);
  const hosts = [registry.host];
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const headers = { range: 'bytes=0-0', ...(url.origin === registry.origin ? { authorization } : {}) };
    try {
      const response = await client.get({ url, headers, maxBytes: LARGEST_REASON_BYTES });
      if (response.status === 200 || response.status === 206) return { kind: 'pulls', hosts };
      if (response.location === undefined || response.status < 300 || response.status > 399) {
        return refused('layer', url, response, pull);
      }
      url = response.location;
      if (url.host !== hosts.at(-1)) hosts.push(url.host);
    } catch (error) {
      return { kind: 'unreachable', stage: 'layer', host: url.host, reason: describeError(error) };
    }
  }
  return { kind: 'untried', reason: `the registry redirects more than ${MOST_REDIRECTS} times` };
}

function refused(stage: Stage, url: URL, response: HttpsResponse, { authorization }: Pull): PullResult {
  return {
    kind: 'refused',
    stage,
    host: url.host,
    status: response.status,
    reason: reasonIn(response.body, authorization),
  };
}
