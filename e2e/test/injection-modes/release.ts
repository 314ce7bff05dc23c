import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** One cluster for the scenarios in this folder, which install the release in each mode. */
export const playground = await startPlayground();
t.teardown(() => playground.close());
await playground.api.createNamespace(PRODUCT_NAME, { injected: false });
