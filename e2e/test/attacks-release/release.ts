import { fileURLToPath } from 'node:url';
import t from 'tap';
import { startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

/** A build whose webhook is the attacker's. */
export const COMPROMISED = {
  tag: 'compromised',
  entry: fileURLToPath(new URL('../fixtures/compromised-webhook.ts', import.meta.url)),
  chart: fileURLToPath(new URL('../../../chart', import.meta.url)),
};

/** One cluster for the scenarios in this folder: each start costs 3 s of CPU. */
export const playground = await startPlayground({ builds: [COMPROMISED] });
t.teardown(() => playground.close());
await playground.install();
