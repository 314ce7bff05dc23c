import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { type Playground, REGISTRY, startPlayground } from '@ecr-pull-secrets/testbed/playground/playground.ts';

export interface DemoOptions {
  /** Takes one line for a person. */
  readonly say: (line: string) => void;
  /** Called when all was shown, with everything still up; it goes down once this resolves. */
  readonly stay: (playground: Playground) => Promise<void>;
}

const NAMESPACE = 'payments';
const SECRET = 'ecr-pull-secret';
const IMAGE = `${REGISTRY}/payments/api:1.4.2`;

/**
 * Shows the whole of it, and checks what it shows.
 *
 * @throws if anything is not as the demo prints it
 */
export async function runDemo({ say, stay }: DemoOptions): Promise<void> {
  const step = timer(say);
  say('ecr-pull-secrets on a real Kubernetes API server, with a stand-in for AWS\n');
  const playground = await startPlayground();
  try {
    step('etcd, kube-apiserver, kube-controller-manager and one node are up');
    await playground.install();
    step('helm install ecr-pull-secrets: two replicas are ready');
    await showInjection(playground, say);
    await stay(playground);
  } finally {
    await playground.close();
  }
}

async function showInjection(playground: Playground, say: DemoOptions['say']): Promise<void> {
  const { api, ecr } = playground;
  await api.createNamespace(NAMESPACE, { injected: false });
  say(`\n$ kubectl label namespace ${NAMESPACE} ecr-pull-secrets.io/inject=enabled`);
  const labelledAtMs = Date.now();
  await api.merge(`/api/v1/namespaces/${NAMESPACE}`, {
    metadata: { labels: { 'ecr-pull-secrets.io/inject': 'enabled' } },
  });
  const secret = await eventually(`Secret ${SECRET} in namespace ${NAMESPACE}`, () =>
    api.get<Secret>(`/api/v1/namespaces/${NAMESPACE}/secrets/${SECRET}`),
  );
  const expiresAt = secret.metadata.annotations?.['ecr-pull-secrets.io/expires-at'] ?? '';
  say(`  Secret ${NAMESPACE}/${SECRET} (${secret.type}) after ${Date.now() - labelledAtMs} ms`);
  say(`  its token expires ${expiresAt}, ${hoursUntil(expiresAt)} from now; it is renewed at half of that`);

  const manifest = {
    metadata: { name: 'api' },
    spec: { containers: [{ name: 'api', image: IMAGE }] },
  };
  say('\n$ kubectl apply -f pod.yaml');
  showPod('as it was written', manifest, say);
  const pod = await api.createPod(NAMESPACE, manifest);
  showPod('as the API server keeps it', pod, say);
  if (!pod.spec.imagePullSecrets?.some(({ name }) => name === SECRET)) {
    throw new Error(`the pod does not name ${SECRET}`);
  }
  const dockerConfigJson = Buffer.from(secret.data?.['.dockerconfigjson'] ?? '', 'base64').toString();
  say(`\nLogin at ${REGISTRY}`);
  await showLogin('without the secret', { endpoint: ecr.endpoint, dockerConfigJson: '{}', wanted: 401 }, say);
  await showLogin('with the secret', { endpoint: ecr.endpoint, dockerConfigJson, wanted: 200 }, say);
}

function showPod(title: string, { spec }: { spec: Partial<Pod['spec']> }, say: DemoOptions['say']): void {
  const secrets = spec.imagePullSecrets?.map(({ name }) => name).join(', ') ?? '(none)';
  say(`  ${title.padEnd(28)} image: ${spec.containers?.[0]?.image ?? ''}`);
  say(`  ${''.padEnd(28)} imagePullSecrets: ${secrets}`);
}

async function showLogin(
  title: string,
  attempt: { endpoint: string; dockerConfigJson: string; wanted: number },
  say: DemoOptions['say'],
): Promise<void> {
  const status = await login(attempt.endpoint, attempt.dockerConfigJson, REGISTRY);
  say(`  ${title.padEnd(28)} HTTP ${status}`);
  if (status !== attempt.wanted) throw new Error(`login ${title} answered ${status}, not ${attempt.wanted}`);
}

function hoursUntil(instant: string): string {
  return `${((Date.parse(instant) - Date.now()) / 3_600_000).toFixed(1)} h`;
}

/** Prints a step together with how long it took. */
function timer(say: DemoOptions['say']): (what: string) => void {
  let lastMs = Date.now();
  return (what) => {
    const seconds = ((Date.now() - lastMs) / 1000).toFixed(1);
    say(`  ✔ ${what} (${seconds} s)`);
    lastMs = Date.now();
  };
}
