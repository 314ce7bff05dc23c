import assert from 'node:assert/strict';
import type { KubeObject } from './manifest.ts';

/** A container as the chart renders it. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value?: string }[];
}

interface PodTemplate {
  readonly template: { readonly spec: { readonly containers: readonly Container[] } };
}

type Workload = KubeObject & {
  readonly spec: PodTemplate & { readonly jobTemplate?: { readonly spec: PodTemplate } };
};

/** The containers of the Deployment, or of the CronJob in its place. */
export function containersIn(objects: readonly KubeObject[]): readonly Container[] {
  const workload = objects.find((one): one is Workload => one.kind === 'Deployment' || one.kind === 'CronJob');
  assert.ok(workload, 'a Deployment or a CronJob');
  return (workload.spec.jobTemplate?.spec ?? workload.spec).template.spec.containers;
}

/** A container's variables that have a text; those that come from elsewhere have an empty one. */
export function environmentOf(containers: readonly Container[], name: string): Readonly<Record<string, string>> {
  const container = containers.find((one) => one.name === name);
  assert.ok(container, name);
  return Object.fromEntries(container.env.map((one) => [one.name, one.value ?? '']));
}
