import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** One cluster for the scenarios in this folder. */
export const playground = await startPlayground({ restartBackOff: { baseMs: 500, capMs: 4_000 } });
t.teardown(() => playground.close());
