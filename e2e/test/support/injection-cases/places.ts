import { INJECT_LABEL } from '@ecr-pull-secrets/shared/names.ts';
import { SECRET } from '../pull-secret.ts';
import {
  csiVolume,
  ECR_IMAGE,
  EXCLUDED,
  image,
  type InjectionCase,
  MIRROR,
  NOT_EXCLUDED,
  ON_A_NODE,
  OTHER_CONTAINER,
  pod,
  REWRITTEN,
  SYSTEM,
  UNLABELLED,
} from './case.ts';

export const METADATA: readonly InjectionCase[] = [
  pod('a pod with a name of its own', {}, [SECRET], { generateName: undefined, name: 'named' }),
  pod('a pod with a generated name', {}, [SECRET], { generateName: 'generated-' }),
  pod('a pod that opted out', {}, [], { labels: { [INJECT_LABEL]: 'disabled' } }),
  pod('a pod that says what its namespace says', {}, [SECRET], {
    labels: { [INJECT_LABEL]: 'enabled' },
  }),
  pod('a pod with other labels and annotations', {}, [SECRET], {
    labels: { app: 'web' },
    annotations: { note: 'x' },
  }),
  pod('an annotation that opts nothing out', {}, [SECRET], {
    annotations: { [INJECT_LABEL]: 'disabled' },
  }),
  pod(
    'keys that mean something to JavaScript',
    {
      containers: [{ name: 'app', image: ECR_IMAGE, env: [{ name: '__proto__', value: 'x' }] }],
      volumes: [csiVolume({ ['__proto__']: 'x', constructor: 'y' })],
    },
    [SECRET],
    { labels: { constructor: 'x' }, annotations: { toString: 'x' } },
  ),
  pod('a label that the API server refuses', {}, 422, { labels: { ['__proto__']: 'x' } }),
  pod('an annotation that the API server refuses', {}, 422, {
    annotations: { ['__proto__']: 'x' },
  }),
  pod('a mirror pod', ON_A_NODE, [], { annotations: { [MIRROR]: 'abc' } }),
  pod('a mirror pod whose mark is empty', ON_A_NODE, [], { annotations: { [MIRROR]: '' } }),
  pod('a mirror pod with other annotations', ON_A_NODE, [], {
    annotations: { [MIRROR]: 'abc', note: 'x' },
  }),
  pod('a pod on a node that is no mirror pod', ON_A_NODE, [SECRET], { annotations: { note: 'x' } }),
];

export const NAMESPACES: readonly InjectionCase[] = [
  pod('a namespace that did not opt in', {}, [], { namespace: UNLABELLED }),
  ...EXCLUDED.map((namespace) => pod(`the excluded namespace ${namespace}`, {}, [], { namespace })),
  ...NOT_EXCLUDED.map((namespace) =>
    pod(`the namespace ${namespace}, which is not excluded`, {}, [SECRET], { namespace }),
  ),
  ...SYSTEM.map((namespace) => pod(`the namespace ${namespace}`, { serviceAccountName: 'default' }, [], { namespace })),
];

export const LATE_IMAGES: readonly InjectionCase[] = [
  image('nginx', [SECRET], REWRITTEN),
  pod('an image that another webhook fills in', { containers: [{ name: 'app' }] }, [SECRET], {
    namespace: REWRITTEN,
  }),
  pod(
    'a late image, and pull secrets of the pod’s own',
    { containers: [OTHER_CONTAINER], imagePullSecrets: [{ name: 'own' }] },
    ['own', SECRET],
    { namespace: REWRITTEN },
  ),
  pod('a late image of a pod that opted out', { containers: [OTHER_CONTAINER] }, [], {
    namespace: REWRITTEN,
    labels: { [INJECT_LABEL]: 'disabled' },
  }),
];
