import type { Row } from './row.ts';
import { admission } from './rows/admission.ts';
import { chaos } from './rows/chaos.ts';
import { compute } from './rows/compute.ts';
import { memoryWebhook } from './rows/memory-webhook.ts';
import { podCreate } from './rows/pod-create.ts';
import { fill } from './rows/fill.ts';
import { rotation } from './rows/rotation.ts';
import { latency } from './rows/latency.ts';
import { startRenewerRow } from './rows/start-renewer.ts';
import { memoryRenewer } from './rows/memory-renewer.ts';
import { newNamespace } from './rows/new-namespace.ts';
import { startWebhook } from './rows/start-webhook.ts';

/** All rows, in the order in which they run. */
export const ROWS: readonly Row[] = [
  compute,
  admission,
  startWebhook,
  memoryWebhook,
  podCreate,
  fill,
  rotation,
  latency,
  newNamespace,
  startRenewerRow,
  memoryRenewer,
  chaos,
];
