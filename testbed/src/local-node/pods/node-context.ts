import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { Guardian } from '../../local-cluster/guardian.ts';
import type { NamespaceWatcher } from '../api/namespace-objects.ts';
import type { Service } from '../api/objects.ts';
import type { Store } from '../api/store.ts';
import type { RestartBackOffOptions } from '../containers/restart-back-off.ts';
import type { AddressedService } from '../environment/service-variables.ts';
import type { Images } from '../images.ts';
import type { AddressBook } from '../network/addresses.ts';

/** What all pods of a node share. */
export interface NodeContext {
  readonly nodeName: string;
  readonly images: Images;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly guardian: Pick<Guardian, 'spawn'>;
  readonly addresses: AddressBook;
  /** What containers without a limit see as their limit; quantities by resource name. */
  readonly allocatable: Readonly<Record<string, string>>;
  readonly restartBackOff: RestartBackOffOptions;
  readonly namespaces: NamespaceWatcher;
  readonly services: Store<Service>;
  /** The API server, as the Service `kubernetes` of every pod. */
  readonly apiServer: AddressedService;
  /** Where pods' folders and logs are made. */
  readonly directory: string;
  /** Aborts when the node is being closed: processes are killed, nothing is written any more. */
  readonly closing: AbortSignal;
}
