import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { ensureBinaries } from '@ecr-pull-secrets/testbed/local-cluster/binaries.ts';
import { startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { createHelm, type Helm } from '@ecr-pull-secrets/testbed/local-cluster/helm.ts';
import { progressToStderr } from '@ecr-pull-secrets/testbed/local-cluster/progress.ts';
import { readSettings } from '@ecr-pull-secrets/testbed/local-cluster/settings.ts';
import { cacheHelm } from './helm-cache.ts';
import { IMAGE_VALUES } from './image-values.ts';

const CHECKOUT = resolve(fileURLToPath(new URL('../../..', import.meta.url)));

/** These render a chart. */
const RENDERING: ReadonlySet<string | undefined> = new Set(['install', 'lint', 'template']);

type Teardown = Pick<Test, 'teardown'>;

/**
 * Helm for what needs no cluster, until the test is over: the local cluster's, or the one that
 * `ECR_PULL_SECRETS_HELM` names, as `.ci/helm-3` does. What it renders has an image's repository.
 */
export async function startHelm(t: Teardown): Promise<Helm> {
  return withImage(await startBareHelm(t));
}

/** The same without the image's repository, as a user has it who sets no value. */
export async function startBareHelm(t: Teardown): Promise<Helm> {
  const command = process.env['ECR_PULL_SECRETS_HELM'];
  return start(t, command || (await clustersHelm()));
}

/** The local cluster's Helm, for what another version does only with a cluster. */
export async function startClustersHelm(t: Teardown): Promise<Helm> {
  return withImage(await start(t, await clustersHelm()));
}

async function clustersHelm(): Promise<string> {
  return (await ensureBinaries({ progress: progressToStderr, environment: process.env })).helm;
}

async function start(t: Teardown, command: string): Promise<Helm> {
  // Beside the binaries, and not in node_modules: `npm ci` empties it.
  const directory = join(readSettings(process.env).cacheDirectory, 'rendered-by-helm');
  return cacheHelm({ directory, checkout: CHECKOUT, command, helm: startLater(t, command) });
}

function withImage(helm: Helm): Helm {
  return ([command = '', ...rest]) =>
    helm(RENDERING.has(command) ? [command, '--values', IMAGE_VALUES, ...rest] : [command, ...rest]);
}

/** A run that renders nothing new needs no process at all. */
function startLater(t: Teardown, command: string): Helm {
  let started: Promise<Helm> | undefined;
  return async (args) => {
    started ??= startGuardian().then((guardian) => {
      t.teardown(() => guardian.close());
      return createHelm({ guardian, command, kubeconfigPath: '/nonexistent' });
    });
    return (await started)(args);
  };
}
