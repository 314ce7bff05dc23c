import { APPLY_PATCH, type KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CONFIGURATION } from '../ca.ts';
import { pathOf, SECRET } from '../pull-secret.ts';

/** What a thief does with a stolen token: a sentence and the request. */
export type Attack = readonly [title: string, request: KubeRequest];

/** Namespaces as the attacks need them. */
export const PLACES = {
  /** Without a secret of the name. */
  empty: 'kube-system',
  /** With a pull secret that the renewer keeps. */
  served: 'payments',
  /** With a service-account-token secret of the name. */
  account: 'account',
} as const;

const SERVICE_ACCOUNT_TOKEN = 'kubernetes.io/service-account-token';
export const DOCKER_CONFIG = {
  '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'),
};
export const OWNERS = [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '00000000-0000-4000-8000-000000000000' }];
export const FINALIZERS = ['example.com/never'];
/** Labels with which an object has about 800 bytes more for each, half of it in `managedFields`. */
export function fillingLabels(count: number): Readonly<Record<string, string>> {
  const domain = `${'d'.repeat(63)}.`.repeat(3) + 'd'.repeat(61);
  const keys = Array.from({ length: count }, (_, index) => `${domain}/${index}`.padEnd(317, 'k'));
  return Object.fromEntries(keys.map((key) => [key, 'v'.repeat(63)]));
}

/** An entry of `managedFields` about a field that nothing has, of a name of any length. */
export function managedFields(apiVersion: string, name: string, entry: Manifest = {}): Manifest {
  return {
    manager: 'thief',
    operation: 'Update',
    apiVersion,
    time: '2026-01-01T00:00:00Z',
    fieldsType: 'FieldsV1',
    fieldsV1: { 'f:metadata': { 'f:annotations': { [`f:${name}`]: {} } } },
    ...entry,
  };
}

const QUERY = { fieldManager: 'thief', force: true };

const WEBHOOK = 'inject.ecr-pull-secrets.io';
export const CHECKPOINT = pathOf(PRODUCT_NAME, `${PRODUCT_NAME}-tokens`);
export const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${PRODUCT_NAME}/leases/${PRODUCT_NAME}`;

/** The same request, which the API server performs without storing anything. */
export function asDryRun(request: KubeRequest): KubeRequest {
  return { ...request, query: { ...request.query, dryRun: 'All' } };
}

/** A server-side apply that takes over what others have. */
export function apply(path: string, body: Manifest): KubeRequest {
  return { method: 'PATCH', path, query: QUERY, contentType: APPLY_PATCH, body };
}

/** A JSON merge patch. */
export function merge(path: string, body: Manifest): KubeRequest {
  return { method: 'PATCH', path, contentType: 'application/merge-patch+json', body };
}

export function jsonPatch(path: string, ...body: readonly Manifest[]): KubeRequest {
  return { method: 'PATCH', path, contentType: 'application/json-patch+json', body };
}

/** A manifest of a secret, the pull secret unless another is named. */
export function secret({ metadata = {}, ...fields }: Manifest = {}, name = SECRET): Manifest {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, ...Object(metadata) }, ...fields };
}

/** A manifest that makes the token controller put a token of that account into the secret. */
export function tokenOf(account: string, name?: string): Manifest {
  const annotations = { 'kubernetes.io/service-account.name': account };
  return secret({ type: SERVICE_ACCOUNT_TOKEN, metadata: { annotations } }, name);
}

/** An apply of fields of our webhook. */
export function applyWebhook(fields: Manifest): KubeRequest {
  return apply(CONFIGURATION, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: PRODUCT_NAME },
    webhooks: [{ name: WEBHOOK, ...fields }],
  });
}
