import { fileURLToPath } from 'node:url';
import { startHelm } from './helm-without-cluster.ts';
import { type KubeObject, readManifest } from './manifest.ts';
import type { Test } from 'tap';

/** The chart. */
export const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));
/** The chart's values for a release of the old tool. */
export const PROFILE = `${CHART}/profiles/k8s-ecr-login-renew.yaml`;
/** Every value of the old chart with its default, as `helm get values --all` prints them. */
export const OLD_VALUES = fileURLToPath(new URL('../fixtures/old-chart/values.yaml', import.meta.url));

export const OLD_NAME = 'k8s-ecr-login-renew';
export const OLD_SECRET = `${OLD_NAME}-docker-secret`;

export const CRON_JOB = { 'cronjob.enabled': true };

/** What is rendered; by default the release of the old name without values. */
export interface Rendering {
  readonly release?: string;
  readonly files?: readonly string[];
  /** By path. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/** The chart as it renders the old chart's values, until the test is over. */
export async function startOldValues(t: Pick<Test, 'teardown'>) {
  const helm = await startHelm(t);

  async function render({ release = OLD_NAME, files = [], values = {} }: Rendering = {}) {
    const settings = Object.entries({ awsRegion: 'us-east-1', ...values });
    const place = [release, CHART, '--namespace', 'tools'];
    const { stdout } = await helm([
      'template',
      ...place,
      '--no-hooks',
      ...files.flatMap((file) => ['--values', file]),
      ...settings.flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]),
    ]);
    return stdout;
  }

  /** Every object by kind and name. */
  async function objectsOf(rendering?: Rendering): Promise<Readonly<Record<string, KubeObject>>> {
    const objects = readManifest(await render(rendering));
    return Object.fromEntries(objects.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  }

  /** Kinds and names; a first run's without the digest at its end. */
  async function keysOf(rendering?: Rendering): Promise<readonly string[]> {
    const keys = Object.keys(await objectsOf(rendering));
    return keys.map((key) => key.replace(/^(Job .*)-[0-9a-f]{10}$/, '$1')).toSorted();
  }

  return { helm, render, objectsOf, keysOf };
}

/** What a container's variable is set to, the first one of that name; empty if there is none. */
export function variable(rendered: string, name: string): string {
  return new RegExp(`- name: ${name}\\n +value: "?([^"\\n]*)`).exec(rendered)?.[1] ?? '';
}
