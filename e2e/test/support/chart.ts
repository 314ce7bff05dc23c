import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { Helm } from '@ecr-pull-secrets/testbed/local-cluster/helm.ts';
import { startClustersHelm, startHelm } from './helm-without-cluster.ts';
import { type KubeObject, readManifest } from './manifest.ts';

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

/** In the form that every other one wins over. */
const REQUIRED = ['--set-json', 'awsRegion="us-east-1"'];

/** The chart, without a cluster. */
export interface Chart {
  readonly helm: Helm;
  readonly path: string;
  /** As a release of the product's name in a namespace of that name; with the one value that it needs. */
  readonly render: (...settings: readonly string[]) => Promise<string>;
  /** What is rendered, by kind and name; hooks are among it. */
  readonly objects: (...settings: readonly string[]) => Promise<Readonly<Record<string, Rendered>>>;
  /** What is said after an installation. */
  readonly notes: (...settings: readonly string[]) => Promise<string>;
  /** What `helm lint --strict` says. */
  readonly lint: (...settings: readonly string[]) => Promise<string>;
}

/** An object whose content a test expects. */
export type Rendered = KubeObject & Readonly<Record<string, unknown>>;

export async function startChart(t: Pick<Test, 'teardown'>): Promise<Chart> {
  const helm = await startHelm(t);
  let clustersHelm: Promise<Helm> | undefined;
  const place = ['ecr-pull-secrets', CHART, '--namespace', 'ecr-pull-secrets'];
  const render: Chart['render'] = async (...settings) =>
    (await helm(['template', ...place, ...REQUIRED, ...settings])).stdout;
  return {
    helm,
    path: CHART,
    render,
    objects: async (...settings) => {
      const objects = readManifest(await render(...settings));
      return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, { ...object }]));
    },
    notes: async (...settings) => {
      const dryRun = ['install', ...place, '--dry-run=client', ...REQUIRED, ...settings];
      // Helm 3 requires a cluster nevertheless.
      clustersHelm ??= startClustersHelm(t);
      return (await (await clustersHelm)(dryRun)).stdout.split('\nNOTES:\n')[1] ?? '';
    },
    lint: async (...settings) => {
      const { stdout, stderr } = await helm(['lint', '--strict', CHART, ...REQUIRED, ...settings]);
      return stdout + stderr;
    },
  };
}

/** As `--set-json`, each value by itself. */
export function settingsOf(values: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.entries(values).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]);
}
