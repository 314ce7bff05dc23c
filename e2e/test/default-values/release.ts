import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** One release with the default values, which the scenarios in this folder do not change: each costs 10 s of CPU. */
export const playground = await startPlayground();
t.teardown(() => playground.close());
await playground.install();
