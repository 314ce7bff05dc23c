import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import type { Helm } from '../../src/local-cluster/helm.ts';
import { startHelm } from './helm-without-cluster.ts';

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

const REQUIRED = ['--set', 'awsRegion=us-east-1'];

/** The chart, without a cluster. */
export interface Chart {
  readonly helm: Helm;
  readonly path: string;
  /** As a release of the product's name in a namespace of that name; with the one value that it needs. */
  readonly render: (...settings: readonly string[]) => Promise<string>;
  /** What `helm lint --strict` says. */
  readonly lint: (...settings: readonly string[]) => Promise<string>;
}

export async function startChart(t: Pick<Test, 'teardown'>): Promise<Chart> {
  const helm = await startHelm(t);
  const place = ['ecr-pull-secrets', CHART, '--namespace', 'ecr-pull-secrets'];
  return {
    helm,
    path: CHART,
    render: async (...settings) =>
      (await helm(['template', ...place, ...REQUIRED, ...settings])).stdout,
    lint: async (...settings) => {
      const { stdout, stderr } = await helm(['lint', '--strict', CHART, ...REQUIRED, ...settings]);
      return stdout + stderr;
    },
  };
}
