import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Container, Deployment, PodTemplate } from '../cluster/objects.ts';

/** What runs the product: its Deployment, or its CronJob. */
export interface Workload {
  readonly kind: 'Deployment' | 'CronJob';
  readonly metadata: ObjectMeta;
  readonly containers: readonly Container[];
  readonly serviceAccountName: string | undefined;
  /** Of a Deployment. */
  readonly replicas?: Replicas;
  /** Of a CronJob. */
  readonly runs?: Runs;
}

export interface Replicas {
  readonly wanted: number;
  readonly ready: number;
  /** Of the newest template. */
  readonly updated: number;
}

export interface Runs {
  readonly schedule: string;
  readonly isSuspended: boolean;
  readonly lastStart: string | undefined;
  readonly lastSuccess: string | undefined;
}

/** A Deployment as the API server sends it. */
export interface DeploymentObject extends Deployment {
  readonly metadata: ObjectMeta;
}

/** A CronJob as the API server sends it. */
export interface CronJobObject {
  readonly metadata: ObjectMeta;
  readonly spec: {
    readonly schedule: string;
    readonly suspend?: boolean;
    readonly jobTemplate: { readonly spec: { readonly template: PodTemplate } };
  };
  readonly status?: { readonly lastScheduleTime?: string; readonly lastSuccessfulTime?: string };
}

/** The containers of the product; a Deployment may have others besides. */
const CONTAINERS = new Set(['webhook', 'renewer', 'k8s-ecr-login-renew']);

export function workloadOfDeployment({ metadata, spec, status = {} }: DeploymentObject): Workload {
  const { readyReplicas: ready = 0, updatedReplicas: updated = 0 } = status;
  const replicas = { wanted: spec.replicas ?? 1, ready, updated };
  return { kind: 'Deployment', metadata, ...ofTemplate(spec.template), replicas };
}

export function workloadOfCronJob({ metadata, spec, status = {} }: CronJobObject): Workload {
  const { schedule, suspend: isSuspended = false } = spec;
  const runs = { schedule, isSuspended, lastStart: status.lastScheduleTime, lastSuccess: status.lastSuccessfulTime };
  return { kind: 'CronJob', metadata, ...ofTemplate(spec.jobTemplate.spec.template), runs };
}

function ofTemplate({ spec }: PodTemplate) {
  const containers = spec.containers.filter(({ name }) => CONTAINERS.has(name));
  return { containers, serviceAccountName: spec.serviceAccountName };
}
