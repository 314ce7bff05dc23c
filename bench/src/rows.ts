import type { Row } from './row.ts';
import { admission } from './rows/admission.ts';
import { compute } from './rows/compute.ts';
import { memoryWebhook } from './rows/memory-webhook.ts';
import { startWebhook } from './rows/start-webhook.ts';

/** All rows, in the order in which they run. */
export const ROWS: readonly Row[] = [compute, admission, startWebhook, memoryWebhook];
