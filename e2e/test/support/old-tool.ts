import assert from 'node:assert/strict';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { KubeApi, Manifest, Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, type Playground, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { authorize } from '@ecr-pull-secrets/testbed/testing/aws.ts';

export const OLD_NAME = 'k8s-ecr-login-renew';

/** The pull secret's name if a user of nabsul/k8s-ecr-login-renew chose none. */
export const OLD_SECRET = `${OLD_NAME}-docker-secret`;

/** A run of that tool: one token, and its secret in namespaces that have none yet. */
export async function writeOldSecrets(
  { api, ecr }: Pick<Playground, 'api' | 'ecr'>,
  namespaces: readonly string[],
): Promise<readonly Secret[]> {
  const { accessKeyId, secretAccessKey } = AWS_IDENTITY;
  const { token, proxyEndpoint = '' } = await authorize({
    region: 'us-east-1',
    endpoint: ecr.endpoint,
    credentials: { accessKeyId, secretAccessKey },
  });
  assert.equal(proxyEndpoint, `https://${REGISTRY}`);
  const [username = '', password = ''] = Buffer.from(token, 'base64').toString().split(':');
  const entry = { username, password, email: 'awsregrenew@demo.test', auth: token };
  const text = JSON.stringify({ auths: { [proxyEndpoint]: entry } });
  const secret = {
    metadata: { name: OLD_SECRET },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(text).toString('base64') },
  };
  // The API server takes the manager's name from client-go's User-Agent, which begins with the program's.
  const query = { fieldManager: OLD_NAME };
  return Promise.all(
    namespaces.map((namespace) => api.create<Secret>(`/api/v1/namespaces/${namespace}/secrets`, secret, query)),
  );
}

interface CronJob {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: {
    readonly jobTemplate: { readonly metadata?: Manifest; readonly spec: Manifest };
  };
}

interface Job {
  readonly status: { readonly succeeded?: number; readonly failed?: number };
}

/**
 * What `kubectl create job <name> --from=cronjob/<cronJob>` sends; waits until the job is complete.
 *
 * @returns what its pod wrote
 * @throws with that, if the job fails
 */
export async function runJobFrom(
  { api, node }: Pick<Playground, 'api' | 'node'>,
  cronJob: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<string> {
  const jobs = `/apis/batch/v1/namespaces/${namespace}/jobs`;
  const { metadata, spec } = await api.get<CronJob>(`/apis/batch/v1/namespaces/${namespace}/cronjobs/${cronJob}`);
  await api.create(jobs, {
    metadata: {
      ...spec.jobTemplate.metadata,
      name,
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', controller: true, ...metadataOf(metadata) }],
    },
    spec: spec.jobTemplate.spec,
  });
  const { status } = await eventually(`the end of job ${name}`, async () => {
    const job = await api.get<Job>(`${jobs}/${name}`);
    assert.ok(job.status.succeeded ?? job.status.failed, JSON.stringify(job.status));
    return job;
  });
  const log = await logOf({ api, node }, namespace, name);
  assert.equal(status.succeeded, 1, log);
  return log;
}

function metadataOf({ name, uid }: CronJob['metadata']) {
  return { name, uid };
}

async function logOf(
  { api, node }: { readonly api: KubeApi; readonly node: Playground['node'] },
  namespace: string,
  job: string,
): Promise<string> {
  const labelSelector = `batch.kubernetes.io/job-name=${job}`;
  const pods = await api.list<Pod>(`/api/v1/namespaces/${namespace}/pods`, { labelSelector });
  const logs = await Promise.all(pods.map(({ metadata }) => node.logs(namespace, metadata.name, OLD_NAME)));
  return logs.join('\n');
}
