import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { SECRET } from '../pull-secret.ts';
import {
  csiVolume,
  ECR_IMAGE,
  EXCLUDED,
  image,
  imageVolume,
  type InjectionCase,
  MIRROR,
  ON_A_NODE,
  OTHER_CONTAINER,
  pod,
  UNLABELLED,
} from './case.ts';

export const CONTAINERS: readonly InjectionCase[] = [
  pod(
    'an ECR image in an init container alone',
    { initContainers: [{ name: 'init', image: ECR_IMAGE }], containers: [OTHER_CONTAINER] },
    [SECRET],
  ),
  pod(
    'an ECR image in a sidecar alone',
    {
      initContainers: [{ name: 'side', image: ECR_IMAGE, restartPolicy: 'Always' }],
      containers: [OTHER_CONTAINER],
    },
    [SECRET],
  ),
  pod(
    'an ECR image in the last container alone',
    { containers: [OTHER_CONTAINER, { name: 'last', image: ECR_IMAGE }] },
    [SECRET],
  ),
  imageVolume('an ECR image in an image volume alone', { reference: ECR_IMAGE }, [SECRET]),
  imageVolume('an image volume of another registry', { reference: 'nginx' }, []),
  imageVolume('an image volume without an image', {}, 422),
  pod(
    'volumes of other kinds, and an ECR image',
    { volumes: [{ name: 'scratch', emptyDir: {} }, csiVolume({ share: 'x' })] },
    [SECRET],
  ),
  pod(
    'volumes of other kinds alone',
    { containers: [OTHER_CONTAINER], volumes: [{ name: 'scratch', emptyDir: {} }] },
    [],
  ),
  pod(
    'an environment variable with the registry’s name',
    { containers: [{ ...OTHER_CONTAINER, env: [{ name: 'REGISTRY', value: ECR_IMAGE }] }] },
    [],
  ),
  pod('a container without an image', { containers: [{ name: 'app' }] }, 422),
  pod('an init container without an image', { initContainers: [{ name: 'init' }] }, 422),
  pod('an empty image', { containers: [{ name: 'app', image: '' }] }, 422),
  pod('a pod without containers', { containers: [] }, 422),
  pod('a pod with null for its containers', { containers: null }, 422),
  pod('a pod without a spec that holds anything', { containers: undefined }, 422),
];

export const PULL_SECRETS: readonly InjectionCase[] = [
  pod('the pod’s own pull secret comes first', { imagePullSecrets: [{ name: 'own' }] }, ['own', SECRET]),
  pod('the ServiceAccount’s pull secrets come first', { serviceAccountName: 'puller' }, ['mine', 'ours', SECRET]),
  pod(
    'the pod’s own keep those of the ServiceAccount away',
    { serviceAccountName: 'puller', imagePullSecrets: [{ name: 'own' }] },
    ['own', SECRET],
  ),
  pod('the secret is named already', { imagePullSecrets: [{ name: SECRET }] }, [SECRET]),
  pod(
    'the secret is named already, among others',
    { imagePullSecrets: [{ name: 'a' }, { name: SECRET }, { name: 'b' }] },
    ['a', SECRET, 'b'],
  ),
  pod('another secret has a name that begins alike', { imagePullSecrets: [{ name: `${SECRET}s` }] }, [
    `${SECRET}s`,
    SECRET,
  ]),
  pod('a list with a secret twice stays as it is', { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] }, [
    'a',
    'a',
    SECRET,
  ]),
  pod('a list with ours twice stays as it is', { imagePullSecrets: [{ name: SECRET }, { name: SECRET }] }, [
    SECRET,
    SECRET,
  ]),
  pod('an entry without a name stays', { imagePullSecrets: [{}] }, [undefined, SECRET]),
  pod('an empty list', { imagePullSecrets: [] }, [SECRET]),
  pod('null for the list', { imagePullSecrets: null }, [SECRET]),
  pod(
    'pull secrets of a pod without an ECR image',
    { containers: [OTHER_CONTAINER], imagePullSecrets: [{ name: 'own' }] },
    ['own'],
  ),
];

export const ALL_PODS: readonly InjectionCase[] = [
  image('ghcr.io/app', [SECRET]),
  image('nginx', [SECRET]),
  image('nginx', [], UNLABELLED),
  pod('the pod’s own pull secret', { containers: [OTHER_CONTAINER], imagePullSecrets: [{ name: 'own' }] }, [
    'own',
    SECRET,
  ]),
  pod('the secret is named already', { containers: [OTHER_CONTAINER], imagePullSecrets: [{ name: SECRET }] }, [SECRET]),
  pod('a pod that opted out', { containers: [OTHER_CONTAINER] }, [], {
    labels: { [INJECT_LABEL]: 'disabled' },
  }),
  pod('a mirror pod', ON_A_NODE, [], { annotations: { [MIRROR]: 'abc' } }),
  ...EXCLUDED.map((namespace) => pod(`the excluded namespace ${namespace}`, {}, [], { namespace })),
];
