import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { AUTHORITY } from '../authority.ts';
import { pathOf, SECRET } from '../pull-secret.ts';
import {
  type Attack,
  apply,
  applyWebhook,
  CHECKPOINT,
  DOCKER_CONFIG,
  FINALIZERS,
  LEASE,
  merge,
  PLACES,
  secret,
} from './attack.ts';

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
    'makes Events in any namespace, of any size and number',
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
    'takes the lease, so that nobody renews until 15 seconds after its last write',
    merge(LEASE, { metadata: { annotations: { thief: 'x' } } }),
  ],
];
