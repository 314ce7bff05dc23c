import {
  commonVariables,
  type Environment,
  flag,
  objectName,
  parsedBy,
  port,
  readVariables,
  wholeNumber,
} from '@ecr-pull-secrets/shared/configuration.ts';
import { DEFAULT_PULL_SECRET_NAME, DEFAULT_TLS_DIR } from '@ecr-pull-secrets/shared/names.ts';
import * as z from 'zod';
import { parseRegistryHosts } from './admission/registry-hosts-setting.ts';

/** The webhook's environment variables; docs/configuration.md is generated from their descriptions. */
export const webhookVariables = z.object({
  ...commonVariables,
  PORT: port.default(10_250).meta({
    description: 'HTTPS port of the webhook. Private GKE clusters reach only 443 and 10250 from the control plane.',
    example: '10250',
  }),
  OPS_PORT: port.default(9402).meta({
    description: 'Plain-HTTP port of `/livez`, `/readyz` and `/metrics`.',
    example: '9402',
  }),
  TLS_DIR: z.string().default(DEFAULT_TLS_DIR).meta({
    description: 'Directory of `tls.crt` and `tls.key`, which are read every two seconds.',
    example: DEFAULT_TLS_DIR,
  }),
  SERVER_NAME: z.string().optional().meta({
    description:
      'The DNS name by which API servers call the webhook; the webhook does not serve a certificate that is not valid for it. If this is not set, the webhook does not check the name.',
    example: 'ecr-pull-secrets.ecr-pull-secrets.svc',
  }),
  FACTS_DIR: z.string().optional().meta({
    description: 'Directory of the `facts.json` that the renewer writes; if this is not set, `TLS_DIR`.',
    example: DEFAULT_TLS_DIR,
  }),
  DOCKER_SECRET_NAME: objectName.default(DEFAULT_PULL_SECRET_NAME).meta({
    description: 'Name of the pull secret that is added to pods.',
    example: DEFAULT_PULL_SECRET_NAME,
  }),
  REGISTRY_HOSTS: parsedBy(parseRegistryHosts).prefault('').meta({
    description:
      'Registries besides private ECR whose images need the pull secret, separated by commas: a pull-through proxy, a CNAME, ECR Public. An entry with a port matches that port only, an entry without a port matches any.',
    example: 'registry.example.com,proxy.example.com:5000,public.ecr.aws',
  }),
  INJECT_ALL: flag.default(false).meta({
    description:
      'Whether every pod gets the name of the pull secret, even without an ECR image, so that `kubectl debug` can add such an image later.',
    example: 'true',
  }),
  DRAIN_SECONDS: wholeNumber('a number of seconds', 0, 3600).default(15).meta({
    description:
      'How long the webhook continues to serve after SIGTERM, until no API server uses its address any more. The grace period of the pod must be ten seconds longer.',
    example: '15',
  }),
});

/** The webhook's settings. Each part takes those that it needs as a `Pick` of them. */
export type WebhookConfiguration = ReturnType<typeof readWebhookConfiguration>;

/**
 * Reads the configuration, once.
 *
 * @throws ECRPS_CONFIGURATION_INVALID that names every invalid variable, its problem and an example
 */
export function readWebhookConfiguration(environment: Environment) {
  const variables = readVariables(webhookVariables, environment);
  return Object.freeze({
    host: variables.HOST,
    port: variables.PORT,
    opsPort: variables.OPS_PORT,
    tlsDir: variables.TLS_DIR,
    factsDirectory: variables.FACTS_DIR ?? variables.TLS_DIR,
    serverName: variables.SERVER_NAME,
    pullSecretName: variables.DOCKER_SECRET_NAME,
    registryHosts: variables.REGISTRY_HOSTS,
    injectAll: variables.INJECT_ALL,
    drainMs: variables.DRAIN_SECONDS * 1000,
    logLevel: variables.LOG_LEVEL,
    logFormat: variables.LOG_FORMAT,
  });
}
