import { configFileSchema } from '@ecr-pull-secrets/renewer/config/config-file.ts';

/** The meaning of each key of `CONFIG_FILE`. */
const KEYS = {
  registries:
    'The registries for which the secret contains credentials, if `DOCKER_REGISTRIES` is not set. If both are empty, the account’s own registry. Each entry is a host, or an object with `host` and the following keys. `roleArn` is a role to assume for the registry, with `externalId` if the trust policy of the role requires one, and `sessionName`, which appears in CloudTrail (default `ecr-pull-secrets`). `tokenOf` is required for a host that is not an ECR name (a proxy, a CNAME): the ECR host whose token is written for it. What a host may be: [AWS](aws.md#what-a-registry-may-be).',
  namespaceRoles:
    'The roles that namespaces may request by the annotation `ecr-pull-secrets.io/role-arn`: `roleArn`, `namespaces` (names as in `TARGET_NAMESPACE`), and `externalId` and `sessionName` as above.',
  optOut:
    'What happens to the secret of a namespace that opted out, if we created it: `expire` removes it when its token has expired, `delete` removes it at once, `keep` never removes it.',
  routineWritesPerSecond:
    'How many secrets a rotation writes in a second. Namespaces with pods that cannot pull do not wait for this limit.',
  certificates:
    'How long certificates are valid if `TLS_MODE` is `self-managed`. Durations are for example `168h`, `30m` or `60s`. `servingLifetime` must not be longer than `caLifetime`. `trustPropagation` is the time after which every API server has read a change of `caBundle`; it must be at most a sixth of `caLifetime`.',
  missedPods:
    'If it is set, the renewer looks for pods that need the secret and do not name it. The keys are the settings of the injection: `exceptNamespaces` (namespaces that opted in and whose pods are never changed), `podSelector` (labels of the pods, as `kubectl -l` takes them), `registryHosts` and `injectAll` (as `REGISTRY_HOSTS` and `INJECT_ALL` of the webhook). `evict` evicts pods that cannot pull, if their controller creates them again.',
  additionalCaBundle:
    'PEM certificates that `caBundle` contains in addition, for a change of `TLS_MODE` that affects no pod. Not allowed if `TLS_MODE` is `cert-manager`.',
} satisfies Record<keyof typeof configFileSchema.shape, string>;

/** A file with every key. The durations are the defaults. */
export const CONFIG_FILE_EXAMPLE = {
  registries: [
    '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    {
      host: '210987654321.dkr.ecr.eu-west-1.amazonaws.com',
      roleArn: 'arn:aws:iam::210987654321:role/ecr-pull',
      externalId: 'ours',
      sessionName: 'our-cluster',
    },
    {
      host: 'registry.example.com',
      tokenOf: '123456789012.dkr.ecr.us-east-1.amazonaws.com',
    },
  ],
  namespaceRoles: [{ roleArn: 'arn:aws:iam::123456789012:role/team-a', namespaces: 'team-a,team-a-*' }],
  optOut: 'expire',
  routineWritesPerSecond: 50,
  certificates: { caLifetime: '8760h', servingLifetime: '168h', trustPropagation: '60s' },
  missedPods: {
    evict: false,
    exceptNamespaces: ['kube-system'],
    podSelector: '!no-injection',
    registryHosts: 'registry.example.com',
    injectAll: false,
  },
  additionalCaBundle: '',
} satisfies Record<keyof typeof configFileSchema.shape, unknown>;

/** The section of the configuration page about `CONFIG_FILE`. */
export function configFileSection(): string {
  const { certificates } = CONFIG_FILE_EXAMPLE;
  const defaults: Readonly<Record<string, unknown>> = { ...configFileSchema.parse({}), certificates };
  const rows = Object.entries(KEYS).map(
    ([key, meaning]) => `| \`${key}\` | \`${JSON.stringify(defaults[key] ?? null)}\` | ${meaning} |`,
  );
  return [
    '',
    '## `CONFIG_FILE`',
    '',
    'The file contains JSON. No key is required, and an unknown key is an error. The chart writes the file from the values with the same names, `certificates` from `tls.selfManaged`, `missedPods` from `missedPods` and `injection`, and `additionalCaBundle` from `tls`.',
    '',
    '| key | default | meaning |',
    '|---|---|---|',
    ...rows,
    '',
    '```json',
    JSON.stringify(CONFIG_FILE_EXAMPLE, undefined, 2),
    '```',
    '',
  ].join('\n');
}
