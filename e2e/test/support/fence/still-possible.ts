import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import type { KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import { microTime } from '@ecr-pull-secrets/kube/lease.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { CA_SECRET } from '../ca.ts';
import { pathOf, SECRET } from '../pull-secret.ts';
import { type Attack, apply, applyWebhook, CHECKPOINT, DOCKER_CONFIG, LEASE, merge, PLACES, secret } from './attack.ts';
import { event } from './event-attacks.ts';

const DEPLOYMENT = `/apis/apps/v1/namespaces/${PRODUCT_NAME}/deployments/${PRODUCT_NAME}`;

/** Of a key that the thief has. */
const OWN_CA = await createCa({ commonName: 'thief', now: new Date() });

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** As the renewer writes it. */
export function caSecretData({ certificatePem, privateKeyPem }: PemPair): Manifest {
  const certificate = base64(certificatePem);
  return { 'tls.crt': certificate, 'tls.key': base64(privateKeyPem), 'ca.crt': certificate };
}

/** Publishes a certificate as the one that API servers trust. */
export function changeCaBundle(certificatePem: string): KubeRequest {
  return applyWebhook({ clientConfig: { caBundle: base64(certificatePem) } });
}

/** Makes another holder the leader. */
export function holdLease(holderIdentity: string): KubeRequest {
  const renewTime = microTime(Date.now());
  return merge(LEASE, { spec: { holderIdentity, renewTime, leaseDurationSeconds: 15 } });
}

/** The webhook takes these for all registries that a token is for. */
export const REPLACE_REGISTRIES = merge(CHECKPOINT, {
  metadata: { annotations: { 'ecr-pull-secrets.io/registries': 'x.example' } },
});

/** As a leader reads it, but for the caller: `testEffects` has that. */
const PLANTED = JSON.stringify({
  version: 1,
  caller: '',
  tokens: {
    'ecr us-east-1': {
      username: 'AWS',
      password: 'planted',
      registry: `https://${REGISTRY}`,
      obtainedAtMs: Date.now(),
      expiresAtMs: Date.now() + 43_200_000,
    },
  },
});

/** The longest that the renewer makes. */
const LONGEST_MESSAGE = '’'.repeat(1024);

const LARGE_DOCKER_CONFIG = {
  '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: {}, x: 'x'.repeat(1_000_000) })).toString('base64'),
};

/** With the rights that the renewer and the CronJob have alike. */
const WRITES: readonly Attack[] = [
  [
    'creates a pull secret with credentials of its own, of up to 1 MiB, in any namespace, including kube-system',
    apply(pathOf(PLACES.empty), secret({ type: 'kubernetes.io/dockerconfigjson', data: LARGE_DOCKER_CONFIG })),
  ],
  [
    'replaces the credentials of a pull secret by its own, until they are renewed, about six hours later at most',
    merge(pathOf(PLACES.served), { data: DOCKER_CONFIG }),
  ],
  [
    'changes the labels and annotations of a pull secret, except those of `fence.refusedMetadata`',
    merge(pathOf(PLACES.served), { metadata: { labels: { thief: 'x' } } }),
  ],
];

/**
 * What the renewer's token can still do, with the chart's rights and within the fence: for docs/security.md, which has
 * these lines and no other.
 */
export const STILL_POSSIBLE: readonly Attack[] = [
  [
    'reads the pull secret of any namespace, and so all tokens in it',
    { method: 'GET', path: `/api/v1/secrets?fieldSelector=metadata.name%3D${SECRET}` },
  ],
  ...WRITES,
  ['deletes a pull secret', { method: 'DELETE', path: pathOf(PLACES.empty) }],
  ['reads the names, labels and annotations of all namespaces', { method: 'GET', path: '/api/v1/namespaces' }],
  [
    'reads all pods, with the values of their environment variables, unless `missedPods.enabled` is false',
    { method: 'GET', path: '/api/v1/pods' },
  ],
  [
    'creates Events in any namespace, small ones without finalizers, in any number',
    event({ message: LONGEST_MESSAGE }),
  ],
  [
    'reads the key of the CA, with which anyone on the path to the webhook can answer in its place',
    {
      method: 'GET',
      path: CA_SECRET.replace(/\/[^/]+$/, `?fieldSelector=metadata.name%3D${PRODUCT_NAME}-ca`),
    },
  ],
  ['reads the checkpoint, which contains all tokens', { method: 'GET', path: CHECKPOINT }],
  [
    'plants credentials for a registry of ECR in the checkpoint, which the next leader writes into all pull secrets until it renews them, about six hours later at most',
    merge(CHECKPOINT, { stringData: { 'tokens.json': PLANTED } }),
  ],
  ['empties the checkpoint, so that the next leader requests all tokens from AWS', merge(CHECKPOINT, { data: null })],
  [
    'replaces the CA by one whose key it has, which stays until it is replaced',
    merge(CA_SECRET, { data: caSecretData(OWN_CA) }),
  ],
  ['makes the webhook warn that no token covers an image, by an annotation of the checkpoint', REPLACE_REGISTRIES],
  [
    'makes `status` show other tokens than there are, by another annotation of the checkpoint',
    merge(CHECKPOINT, { metadata: { annotations: { 'ecr-pull-secrets.io/tokens': '[]' } } }),
  ],
  ['deletes the CA, which the leader then creates again', { method: 'DELETE', path: CA_SECRET }],
  [
    'changes `caBundle` until it is repaired, so that no API server trusts the webhook, or all trust a CA whose key it has',
    changeCaBundle(OWN_CA.certificatePem),
  ],
  [
    'reads the Deployment of the release, with the variables in it that are not from a Secret',
    { method: 'GET', path: DEPLOYMENT },
  ],
  ['takes the lease, so that no replica renews until 15 seconds after its last write', holdLease('thief')],
];

/** The same of the CronJob's token. */
export const STILL_POSSIBLE_FOR_CRONJOB: readonly Attack[] = [
  [
    'reads the pull secret of a namespace whose name is known, and so all tokens in it',
    { method: 'GET', path: pathOf(PLACES.served) },
  ],
  ...WRITES,
  ['lists the namespaces, if `targetNamespace` has wildcards', { method: 'GET', path: '/api/v1/namespaces' }],
];
