import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** Values of the one release that the scenarios in this folder share. */
export const VALUES = { targetNamespace: 'team-*', excludeNamespace: '*-sandbox' };

/** One cluster for all: each start of a cluster with the chart installed costs 10 s of CPU. */
export const playground = await startPlayground({ audit: true });
t.teardown(() => playground.close());
await playground.install(VALUES);
