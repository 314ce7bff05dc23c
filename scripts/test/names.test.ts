import t from 'tap';
import { readPages } from './support/checkout.ts';
import { codeOf } from './support/code-of-pages.ts';
import { KINDS } from './support/kinds-of-names.ts';

/** Names that are not in the code or the chart, by their owner. Each must occur on a page. */
const NAMES_OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  'a field of Kubernetes': ['clientConfig.url'],
  'a field of our log': ['err.code'],
  'Argo CD': [
    'helm.skipTests',
    'helm.kubeVersion',
    'clusterResourceWhitelist',
    'managedFieldsManagers',
    'releaseName',
    'selfHeal',
  ],
  Flux: ['test.enable', 'driftDetection.ignore', 'driftDetection.mode', 'reconcileStrategy', 'chartRef'],
  k3s: ['CONTAINERD_HTTPS_PROXY', 'CONTAINERD_NO_PROXY', 'k3s-agent.service.env'],
  'kubeadm, Talos and kOps': ['apiServer.extraArgs', 'cluster.apiServer.extraArgs'],
  Azure: ['--enable-oidc-issuer'],
  OpenShift: ['ca-bundle.crt'],
  'OpenID Connect': ['jwks_uri'],
  'other operators': [
    'podTemplate.imagePullSecrets',
    'operator.privateRegistryScanSecretsNames',
    'imageRegistryCredentials.secrets',
    'fromEntities',
    'podTemplate',
    'verifyImages',
    'imageRegistryCredentials',
  ],
  Docker: ['credHelpers'],
  Node: ['setPriority', 'onConstructorPoisoning'],
  Go: ['SSL_CERT_FILE'],
  AWS: ['ecr.api', 'ecr.dkr', 'credential_process', '--create-bucket-configuration'],
  'the API server': ['error_type', 'no_error', 'apiserver_admission_webhook_admission_duration_seconds'],
  'alerts that the reader creates': ['EcrPullSecretsRunMissing', 'EcrPullSecretsRunFailed'],
  'examples of a name': ['renewAfterMs'],
  'files that a command writes': ['facts.json', 'config.json', 'main.mjs', 'tls.crt', 'tls.key', 'ca.crt'],
};

/** A page with wrong names of each kind, and these names. */
const WRONG: Readonly<Record<string, readonly [page: string, ...names: string[]]>> = {
  metric: ['The metric ecr_pull_secrets_leaders.', 'ecr_pull_secrets_leaders'],
  'metric without its prefix': ['`admission_requests`', 'admission_requests'],
  alert: ['[EcrPullSecretsLost](#x)', 'EcrPullSecretsLost'],
  'error code': ['| ECRPS_LOST |', 'ECRPS_LOST'],
  'label or annotation': ['`ecr-pull-secrets.io/injects: enabled`', 'ecr-pull-secrets.io/injects'],
  'environment variable': ['`DOCKER_SECRETS_NAME=x`', 'DOCKER_SECRETS_NAME'],
  'chart value': [
    '`log.levels: info`\n\n    helm install x \\\n      --set podMonitors.enabled=true\n\n```yaml\ntls: {modes: x}\n```\n',
    'log.levels',
    'podMonitors.enabled',
    'tls.modes',
  ],
  'word of the code': ['`dockerSecretsName`', 'dockerSecretsName'],
  'reason of an Event': ['`--field-selector reason=AnnotationRefuse`', 'AnnotationRefuse'],
  'command or option': [
    '`ecr-pull-secrets renew-twice`\n\n    ecr-pull-secrets certs ca --outs ca\n',
    'renew-twice',
    'certs ca --outs',
  ],
  'option in a sentence': ['`--outs`, `--reset-and-reuse-values`', '--outs', '--reset-and-reuse-values'],
  'npm script': ['\n\n    npm run demos\n', 'demos'],
  'name of a file': ['`chart.yml`', 'chart.yml'],
  'file or folder': ['`chart/value.yaml`\n\n    npm test -- e2e/test/x.ts\n', 'chart/value.yaml', 'e2e/test/x.ts'],
};

const others = new Set(Object.values(NAMES_OF_OTHERS).flat());
const seen = new Set<string>();

for (const [path, page] of await readPages()) {
  t.test(`each name on ${path} exists`, (t) => {
    // Names of an older release may be gone.
    const [text = ''] = path === 'CHANGELOG.md' ? page.split(/^## \d/m) : [page];
    const code = codeOf(text);
    for (const [kind, { find, exists }] of Object.entries(KINDS)) {
      const found = [...new Set(find(code, text))];
      found.forEach((name) => seen.add(name));
      const unknown = found.filter((name) => !exists(name) && !others.has(name));
      t.strictSame(unknown, [], kind);
    }
    t.end();
  });
}

for (const [kind, { find, exists }] of Object.entries(KINDS)) {
  t.test(`a wrong ${kind} is found`, (t) => {
    const [page = '', ...names] = WRONG[kind] ?? [];
    const unknown = find(codeOf(page), page).filter((name) => !exists(name));
    t.ok(names.length > 0);
    t.strictSame(unknown, names);
    t.end();
  });
}

t.test('each name of another project occurs', (t) => {
  t.strictSame(
    [...others].filter((name) => !seen.has(name)),
    [],
  );
  t.end();
});
