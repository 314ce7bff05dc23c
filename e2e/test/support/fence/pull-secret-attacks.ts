import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { pathOf } from '../pull-secret.ts';
import { apply, type Attack, DOCKER_CONFIG, FINALIZERS, merge, OWNERS, PLACES, secret, tokenOf } from './attack.ts';

/** Types that mean something to a component of Kubernetes, to Helm, or to no program. */
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
  ['applies a secret for the token of any ServiceAccount', apply(pathOf(PLACES.empty), tokenOf('any'))],
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
  ['makes the secret immutable, so that it cannot be renewed', merge(pathOf(PLACES.served), { immutable: true })],
  [
    'makes the secret a release of Helm',
    merge(pathOf(PLACES.served), {
      metadata: { labels: { owner: 'helm', status: 'deployed', name: 'app', version: '9' } },
      data: { release: 'eA==' },
    }),
  ],
  ...[
    { annotations: { 'reflector.v1.k8s.emberstack.com/reflects': 'kube-system/theirs' } },
    { annotations: { 'replicator.v1.mittwald.de/replicate-from': 'kube-system/theirs' } },
    { annotations: { 'vault.security.banzaicloud.io/vault-role': 'theirs' } },
    { labels: { 'kubed.appscode.com/sync': 'x' } },
  ].map(
    (metadata): Attack => [
      `has a controller copy or fill the secret: ${JSON.stringify(metadata)}`,
      merge(pathOf(PLACES.served), { metadata }),
    ],
  ),
];
