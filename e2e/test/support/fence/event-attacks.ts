import type { Manifest } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Attack, FINALIZERS, managedFields, OWNERS, PLACES } from './attack.ts';

/** An Event of the core group, about anything in a namespace that is not ours. */
export function event({ metadata = {}, ...fields }: Manifest): Attack[1] {
  return {
    method: 'POST',
    path: `/api/v1/namespaces/${PLACES.account}/events`,
    body: {
      metadata: { generateName: 'thief.', ...Object(metadata) },
      involvedObject: { kind: 'Pod', name: 'x', namespace: PLACES.account },
      reason: 'Thief',
      ...fields,
    },
  };
}

const MEGABYTE = 'x'.repeat(1_000_000);

/** With the right to make Events. */
export const EVENT_ATTACKS: readonly Attack[] = [
  [
    'makes an Event with a finalizer, with which no namespace can be deleted',
    event({ metadata: { finalizers: FINALIZERS } }),
  ],
  ['makes an Event with an owner', event({ metadata: { ownerReferences: OWNERS } })],
  ['makes an Event with a message that fills etcd', event({ message: MEGABYTE })],
  ['fills etcd with another text of an Event', event({ reportingInstance: MEGABYTE })],
  ['fills etcd with an annotation of an Event', event({ metadata: { annotations: { thief: 'x'.repeat(200_000) } } })],
  [
    'fills etcd with the managed fields of an Event',
    event({ metadata: { managedFields: [managedFields('v1', MEGABYTE)] } }),
  ],
];
