import { delimiter, join } from 'node:path';
import {
  commonVariables,
  type Environment,
  objectName,
  oneOf,
  parsedBy,
  port,
  readVariables,
} from '@ecr-pull-secrets/shared/configuration.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { RenewerFacts } from '@ecr-pull-secrets/shared/renewer-facts.ts';
import {
  DEFAULT_NAMESPACE_SELECTOR,
  DEFAULT_PULL_SECRET_NAME,
  DEFAULT_TLS_DIR,
  PRODUCT_NAME,
} from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { z } from 'zod';
import { proxySettingsOf, proxyVariables } from './proxy-variables.ts';
import { type ConfigFile, readConfigFile, readTextFile } from './config-file.ts';
import { callerOf } from '../credentials/aws/aws-caller.ts';
import { awsKeysOf, awsRegionOf, awsVariables } from './aws-variables.ts';
import type { Registry } from '../credentials/registries/registries.ts';
import { parseRegistryList, REGISTRY_EXAMPLE } from '../credentials/registries/registry-key.ts';
import { registryWarnings } from '../credentials/registries/registry-warnings.ts';
import { planTokens } from '../credentials/token-plan.ts';
import { writableKeys } from '../credentials/registries/writable-keys.ts';
import { FOREIGN_SECRET_POLICIES } from '../pull-secrets/foreign/foreign-secrets.ts';
import { parseLabelSelector } from '../pull-secrets/cache/label-selector.ts';

const namespacePattern = parsedBy(parseNamespacePattern);
const noNamespace = parseNamespacePattern('');

/** Every environment variable of `ecr-pull-secrets renewer`; what the AWS SDK reads comes on top. */
export const renewerVariables = z.object({
  ...commonVariables,
  OPS_PORT: port.default(9403).meta({
    description: 'Plain-HTTP port of /livez, /readyz and /metrics.',
    example: '9403',
  }),
  DOCKER_SECRET_NAME: objectName.default(DEFAULT_PULL_SECRET_NAME).meta({
    description: 'Name of the pull secret, the same in every namespace.',
    example: DEFAULT_PULL_SECRET_NAME,
  }),
  NAMESPACE_SELECTOR: parsedBy(parseLabelSelector)
    .default(() => parseLabelSelector(DEFAULT_NAMESPACE_SELECTOR))
    .meta({
      description: 'Label selector of the namespaces that opted in.',
      example: DEFAULT_NAMESPACE_SELECTOR,
    }),
  TARGET_NAMESPACE: namespacePattern.default(noNamespace).meta({
    description:
      'Namespaces by name that get the secret without a label; `*` and `?` are wildcards.',
    example: 'default,team-*',
  }),
  EXCLUDE_NAMESPACE: namespacePattern.default(noNamespace).meta({
    description: 'Namespaces by name that never get the secret.',
    example: 'kube-*',
  }),
  DOCKER_REGISTRIES: parsedBy(parseRegistryList).default([]).meta({
    description:
      'Keys of the credentials, as the kubelet reads them, split by commas, semicolons or blanks: each a host, with or without `https://`, a port and a path; `*` may stand for the account or the region of an ECR host. The registry that AWS names if not set.',
    example: REGISTRY_EXAMPLE,
    // An error quotes the wrong entry alone, without what may be a password.
    secret: true,
  }),
  FOREIGN_SECRETS: oneOf(FOREIGN_SECRET_POLICIES).default('leave').meta({
    description:
      'What becomes of a secret of that name which holds credentials of somebody else, for Docker Hub for instance: `leave` lets it be and reports it, until the secret has the annotation `ecr-pull-secrets.io/take-over: enabled`; `take-over` replaces them.',
    example: 'leave',
  }),
  ...awsVariables,
  CONFIG_FILE: z.string().optional().meta({
    description:
      'JSON file with what is too long for variables: registries with their roles, roles of namespaces, opting out, pace. Variables win over it.',
    example: '/etc/ecr-pull-secrets/config.json',
  }),
  TLS_MODE: oneOf(['self-managed', 'cert-manager', 'existing-secret', 'none'])
    .default('self-managed')
    .meta({
      description:
        'Who makes the webhook’s certificates: the renewer, cert-manager, or whoever fills a Secret; `none` where there is no webhook.',
      example: 'self-managed',
    }),
  TLS_DIR: z.string().default(DEFAULT_TLS_DIR).meta({
    description:
      'Folder, shared with the webhook, of the serving certificate; written only where TLS_MODE is self-managed.',
    example: DEFAULT_TLS_DIR,
  }),
  FACTS_DIR: z.string().optional().meta({
    description:
      'Folder, shared with the webhook, for what it may tell people; TLS_DIR where not set.',
    example: DEFAULT_TLS_DIR,
  }),
  POD_NAME: z.string().meta({ description: 'Name of this pod.', example: 'ecr-pull-secrets-0' }),
  POD_NAMESPACE: objectName.meta({
    description: 'Namespace of this pod, which holds the lease and the CA’s Secret.',
    example: PRODUCT_NAME,
  }),
  SERVICE_NAME: objectName.default(PRODUCT_NAME).meta({
    description: 'Name of the webhook’s Service and of the lease; prefix of our own Secrets.',
    example: PRODUCT_NAME,
  }),
  WEBHOOK_NAME: objectName.default(PRODUCT_NAME).meta({
    description: 'Name of the MutatingWebhookConfiguration whose caBundle is kept right.',
    example: PRODUCT_NAME,
  }),
  FENCE: oneOf(['on', 'off']).default('on').meta({
    description:
      'Whether admission policies are to fence the ServiceAccount of this process, which is then proven hourly.',
    example: 'on',
  }),
  SERVICE_ACCOUNT_DIR: z.string().default('/var/run/secrets/kubernetes.io/serviceaccount').meta({
    description: 'Folder of the ServiceAccount’s token and ca.crt.',
    example: '/var/run/secrets/kubernetes.io/serviceaccount',
  }),
  KUBERNETES_SERVICE_HOST: z.string().optional().meta({
    description: 'Set by Kubernetes in each container; without it a kubeconfig is used.',
    example: '10.96.0.1',
  }),
  KUBERNETES_SERVICE_PORT: port.default(443).meta({
    description: 'Set by Kubernetes in each container.',
    example: '443',
  }),
  KUBECONFIG: parsedBy(parseFileList).optional().meta({
    description:
      'A kubeconfig file outside a cluster, or several with `:` between them, which are merged as kubectl merges them.',
    example: '/etc/kubernetes/admin.conf',
  }),
  HOME: z.string().default('/').meta({
    description: 'Its .kube/config is used outside a cluster when KUBECONFIG is not set.',
    example: '/',
  }),
  ...proxyVariables,
});

/** What the renewer runs by; see `renewerVariables`. */
export type RenewerConfiguration = ReturnType<typeof readRenewerConfiguration>;

/**
 * @param readText - reads a file
 * @throws ECRPS_CONFIGURATION_INVALID
 */
export function readRenewerConfiguration(environment: Environment, readText = readTextFile) {
  const variables = readVariables(renewerVariables, environment);
  const file = readConfigFile(variables.CONFIG_FILE, readText);
  const awsRegion = awsRegionOf(variables);
  const registries = registriesOf(variables, file);
  const exclude = variables.EXCLUDE_NAMESPACE;
  const target = variables.TARGET_NAMESPACE;
  return Object.freeze({
    host: variables.HOST,
    opsPort: variables.OPS_PORT,
    log: Object.freeze({ level: variables.LOG_LEVEL, format: variables.LOG_FORMAT }),
    secretName: variables.DOCKER_SECRET_NAME,
    namespaceRule: Object.freeze({
      selector: variables.NAMESPACE_SELECTOR,
      target,
      exclude,
    }),
    registries,
    refusedRegistries: planTokens({ registries, region: awsRegion }).refused,
    registryWarnings: registryWarnings(registries, awsRegion),
    namespaceRoles: file.namespaceRoles,
    optOutPolicy: file.optOut,
    foreignSecretPolicy: variables.FOREIGN_SECRETS,
    routineWritesPerSecond: file.routineWritesPerSecond,
    awsRegion,
    /** Never logged. */
    awsKeys: awsKeysOf(variables),
    /** Whose tokens a checkpoint may hold. */
    awsCaller: callerOf(environment),
    tlsMode: variables.TLS_MODE,
    tlsDir: variables.TLS_DIR,
    factsDir: variables.FACTS_DIR ?? variables.TLS_DIR,
    certificateTimes: file.certificates,
    additionalCaBundle: file.additionalCaBundle,
    podName: variables.POD_NAME,
    podNamespace: variables.POD_NAMESPACE,
    serviceName: variables.SERVICE_NAME,
    webhookName: variables.WEBHOOK_NAME,
    fence: variables.FENCE,
    apiServer: apiServerOf(variables),
    /** May hold a proxy's credentials: never logged. */
    proxies: proxySettingsOf(variables),
    facts: Object.freeze({
      version: 2,
      registries: [...writableKeys(registries, awsRegion, file.namespaceRoles)],
      excludedNamespaces: [...exclude.entries],
    } satisfies RenewerFacts),
    /** What a person wants to see in the first log line. */
    summary: Object.freeze({
      secretName: variables.DOCKER_SECRET_NAME,
      targetNamespaces: target.entries,
      excludedNamespaces: exclude.entries,
      registries: registries.map(({ host }) => host),
      awsRegion,
    }),
  });
}

type RenewerVariables = z.output<typeof renewerVariables>;

/**
 * The variable wins over the file.
 *
 * @throws ECRPS_CONFIGURATION_INVALID if no identity can get a token for any of them
 */
export function registriesOf(
  { DOCKER_REGISTRIES: keys, ...variables }: RegistryVariables,
  file: ConfigFile,
): readonly Registry[] {
  const region = awsRegionOf(variables);
  const registries = keys.length > 0 ? keys.map((host) => ({ host })) : file.registries;
  if (registries.length > 0 && writableKeys(registries, region, file.namespaceRoles).length === 0) {
    const [first] = planTokens({ registries, region }).refused;
    const problem = `${first?.key} ${first?.reason}`;
    throw createError('ECRPS_CONFIGURATION_INVALID', `no registry is left: ${problem}`);
  }
  return registries;
}

type RegistryVariables = Pick<
  RenewerVariables,
  'DOCKER_REGISTRIES' | 'AWS_REGION' | 'AWS_DEFAULT_REGION'
>;

/** How to reach the API server: from inside the cluster, or by a kubeconfig. */
export type ApiServer =
  | { readonly host: string; readonly port: number; readonly serviceAccountDir: string }
  | { readonly kubeconfigs: readonly string[] };

export function apiServerOf(
  variables: Pick<
    RenewerVariables,
    | 'KUBERNETES_SERVICE_HOST'
    | 'KUBERNETES_SERVICE_PORT'
    | 'SERVICE_ACCOUNT_DIR'
    | 'KUBECONFIG'
    | 'HOME'
  >,
): ApiServer {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT, SERVICE_ACCOUNT_DIR } = variables;
  if (host === undefined) {
    return { kubeconfigs: variables.KUBECONFIG ?? [join(variables.HOME, '.kube', 'config')] };
  }
  return { host, port: KUBERNETES_SERVICE_PORT, serviceAccountDir: SERVICE_ACCOUNT_DIR };
}

/** As clientcmd splits KUBECONFIG: empty entries do not count, and each file counts once. */
function parseFileList(text: string): readonly string[] {
  const paths = new Set(text.split(delimiter).filter((path) => path !== ''));
  if (paths.size === 0) throw new Error('names no file');
  return Object.freeze([...paths]);
}
