import { commonVariables, objectName, oneOf, parsedBy, port } from '@ecr-pull-secrets/shared/configuration.ts';
import {
  DEFAULT_NAMESPACE_SELECTOR,
  DEFAULT_PULL_SECRET_NAME,
  DEFAULT_TLS_DIR,
  PRODUCT_NAME,
} from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import * as z from 'zod';
import { parseRegistryList, REGISTRY_EXAMPLE } from '../credentials/registries/registry-key.ts';
import { FOREIGN_SECRET_POLICIES } from '../pull-secrets/foreign/ownership.ts';
import { parseLabelSelector } from '../pull-secrets/cache/label-selector.ts';
import { apiServerVariables } from './api-server-variables.ts';
import { awsVariables } from './aws-variables.ts';
import { proxyVariables } from './proxy-variables.ts';

const namespacePattern = parsedBy(parseNamespacePattern);

/** Every environment variable of `ecr-pull-secrets renewer`; what the AWS SDK reads comes on top. */
export const renewerVariables = z.object({
  ...commonVariables,
  OPS_PORT: port.default(9403).meta({
    description: 'Plain-HTTP port of `/livez`, `/readyz` and `/metrics`.',
    example: '9403',
  }),
  DOCKER_SECRET_NAME: objectName.default(DEFAULT_PULL_SECRET_NAME).meta({
    description: 'Name of the pull secret, the same in every namespace.',
    example: DEFAULT_PULL_SECRET_NAME,
  }),
  NAMESPACE_SELECTOR: parsedBy(parseLabelSelector).prefault(DEFAULT_NAMESPACE_SELECTOR).meta({
    description: 'Label selector of the namespaces that opted in.',
    example: DEFAULT_NAMESPACE_SELECTOR,
  }),
  TARGET_NAMESPACE: namespacePattern.prefault('').meta({
    description:
      'Names of namespaces that get the secret without a label, separated by commas, semicolons or newlines; `*` and `?` are wildcards.',
    example: 'default,team-*',
  }),
  EXCLUDE_NAMESPACE: namespacePattern.prefault('').meta({
    description: 'Names of namespaces that never get the secret, in the same syntax.',
    example: 'kube-*',
  }),
  DOCKER_REGISTRIES: parsedBy(parseRegistryList).prefault('').meta({
    description:
      'The registries in the secret, separated by commas, semicolons or blanks. Each is a host, optionally with `https://`, a port and a path; `*` may stand for the account or the region of an ECR host. If this is empty, the account’s own registry.',
    example: REGISTRY_EXAMPLE,
    // An error quotes the wrong entry alone, without what may be a password.
    secret: true,
  }),
  FOREIGN_SECRETS: oneOf(FOREIGN_SECRET_POLICIES).default('leave').meta({
    description:
      'What happens to a secret of that name that contains other credentials, for example for Docker Hub: with `leave` the renewer does not change the secret and reports it, unless the secret has the annotation `ecr-pull-secrets.io/take-over: enabled`; with `take-over` the renewer replaces the credentials.',
    example: 'leave',
  }),
  CANARY: oneOf(['on', 'off']).default('on').meta({
    description:
      'Whether the renewer logs in with each new token at its registries before the token replaces a valid one. If a registry refuses the new token, the pull secrets keep the older token while it is valid.',
    example: 'on',
  }),
  DEPLOYMENT_EVENTS: oneOf(['on', 'off']).default('on').meta({
    description:
      'Whether the leader creates Events of its Deployment about problems of the whole release, for example if AWS gives no token. The Deployment has the name `SERVICE_NAME`.',
    example: 'on',
  }),
  ...awsVariables,
  CONFIG_FILE: z.string().optional().meta({
    description:
      'A JSON file with the settings that are too long for variables. If a variable and the file set the same, the variable applies.',
    example: '/etc/ecr-pull-secrets/config.json',
  }),
  TLS_MODE: oneOf(['self-managed', 'cert-manager', 'existing-secret', 'none']).default('self-managed').meta({
    description:
      'The source of the webhook’s certificates: `self-managed` (the renewer), `cert-manager`, `existing-secret` (a Secret that you provide), or `none` if there is no webhook.',
    example: 'self-managed',
  }),
  TLS_DIR: z.string().default(DEFAULT_TLS_DIR).meta({
    description:
      'Directory, shared with the webhook, of the serving certificate. The renewer writes it only if `TLS_MODE` is `self-managed`.',
    example: DEFAULT_TLS_DIR,
  }),
  FACTS_DIR: z.string().optional().meta({
    description:
      'Directory, shared with the webhook, of `facts.json`, from which the webhook makes its warnings; if this is not set, `TLS_DIR`.',
    example: DEFAULT_TLS_DIR,
  }),
  POD_NAME: z.string().meta({
    description: 'Name of this pod, by which it takes part in the leader election.',
    example: 'ecr-pull-secrets-0',
  }),
  POD_NAMESPACE: objectName.meta({
    description: 'Namespace of this pod, which contains the lease and the CA’s Secret.',
    example: PRODUCT_NAME,
  }),
  SERVICE_NAME: objectName.default(PRODUCT_NAME).meta({
    description: 'Name of the webhook’s Service and of the lease; prefix of our own Secrets.',
    example: PRODUCT_NAME,
  }),
  WEBHOOK_NAME: objectName.default(PRODUCT_NAME).meta({
    description: 'Name of the MutatingWebhookConfiguration in which the renewer sets `caBundle`.',
    example: PRODUCT_NAME,
  }),
  FENCE: oneOf(['on', 'off']).default('on').meta({
    description:
      'Whether admission policies must limit the ServiceAccount of this process. If `on`, the renewer verifies it each hour.',
    example: 'on',
  }),
  ...apiServerVariables,
  ...proxyVariables,
});
