import type { configFileSchema } from '@ecr-pull-secrets/renewer/config/config-file.ts';

/** What each key of `CONFIG_FILE` means. */
const KEYS = {
  registries:
    'Registries under which credentials are written, if `DOCKER_REGISTRIES` is not set; the account’s own if both are empty. Each is a host, or an object with `host` and: `roleArn`, a role to assume for it, with `externalId` if its trust policy wants one and `sessionName`, which shows in CloudTrail (`ecr-pull-secrets`); `tokenOf`, for a host that is no ECR name (a proxy, a CNAME) and required there, the ECR host whose token it takes. What a host may be: [AWS](aws.md#what-a-registry-may-be).',
  namespaceRoles:
    'Roles that namespaces may ask for by the annotation `ecr-pull-secrets.io/role-arn`: `roleArn`, `namespaces` (names as in `TARGET_NAMESPACE`), and `externalId` and `sessionName` as above.',
  optOut:
    'What becomes of the secret of a namespace that opted out, if we made it: `expire` (the default) removes it once its token is dead, `delete` at once, `keep` never.',
  routineWritesPerSecond:
    'How many secrets a rotation writes in a second, 50 unless set. Namespaces whose pods cannot pull do not wait for it.',
  certificates:
    'Where `TLS_MODE` is `self-managed`, durations such as `168h`, `30m` or `60s`: `caLifetime` (8760h), `servingLifetime` (168h, not longer than the former), and `trustPropagation` (60s, at most a sixth of the first): how long after a change of `caBundle` every API server has it.',
  additionalCaBundle:
    'PEM certificates that `caBundle` holds besides, for a change of `TLS_MODE` that no pod notices. Not if it is `cert-manager`.',
} satisfies Record<keyof typeof configFileSchema.shape, string>;

/** A file with every key. */
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
  namespaceRoles: [
    { roleArn: 'arn:aws:iam::123456789012:role/team-a', namespaces: 'team-a,team-a-*' },
  ],
  optOut: 'expire',
  routineWritesPerSecond: 50,
  certificates: { caLifetime: '8760h', servingLifetime: '168h', trustPropagation: '60s' },
  additionalCaBundle: '',
} satisfies Record<keyof typeof configFileSchema.shape, unknown>;

/** The section of the configuration page about `CONFIG_FILE`. */
export function configFileSection(): string {
  const rows = Object.entries(KEYS).map(([key, meaning]) => `| \`${key}\` | ${meaning} |`);
  return [
    '',
    '## `CONFIG_FILE`',
    '',
    'JSON. No key is required, and one that is not known is an error. The chart writes it from the values of the same names, `certificates` from `tls.selfManaged` and `additionalCaBundle` from `tls`.',
    '',
    '| key | meaning |',
    '|---|---|',
    ...rows,
    '',
    '```json',
    JSON.stringify(CONFIG_FILE_EXAMPLE, undefined, 2),
    '```',
    '',
  ].join('\n');
}
