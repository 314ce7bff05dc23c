import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** One cluster for the scenarios in this folder, each of which installs a release with values of its own. */
export const playground = await startPlayground();
t.teardown(() => playground.close());
