import { commonVariables, objectName, oneOf, parsedBy, port } from '@ecr-pull-secrets/shared/configuration.ts';
import {
  DEFAULT_NAMESPACE_SELECTOR,
  DEFAULT_PULL_SECRET_NAME,
  DEFAULT_TLS_DIR,
  PRODUCT_NAME,
} from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import { z } from 'zod';
import { parseRegistryList, REGISTRY_EXAMPLE } from '../credentials/registries/registry-key.ts';
import { FOREIGN_SECRET_POLICIES } from '../pull-secrets/foreign/ownership.ts';
import { parseLabelSelector } from '../pull-secrets/cache/label-selector.ts';
import { apiServerVariables } from './api-server-variables.ts';
import { awsVariables } from './aws-variables.ts';
import { proxyVariables } from './proxy-variables.ts';

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
    description: 'Namespaces by name that get the secret without a label; `*` and `?` are wildcards.',
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
      'What happens to a secret of that name which holds other credentials, for example for Docker Hub: `leave` does not change it and reports it, until the secret has the annotation `ecr-pull-secrets.io/take-over: enabled`; `take-over` replaces them.',
    example: 'leave',
  }),
  ...awsVariables,
  CONFIG_FILE: z.string().optional().meta({
    description:
      'JSON file with what is too long for variables: registries with their roles, roles of namespaces, opting out, pace. Variables win over it.',
    example: '/etc/ecr-pull-secrets/config.json',
  }),
  TLS_MODE: oneOf(['self-managed', 'cert-manager', 'existing-secret', 'none']).default('self-managed').meta({
    description:
      'What makes the webhook’s certificates: `self-managed`, the renewer; `cert-manager`; `existing-secret`, a Secret that others fill; `none` if there is no webhook.',
    example: 'self-managed',
  }),
  TLS_DIR: z.string().default(DEFAULT_TLS_DIR).meta({
    description:
      'Folder, shared with the webhook, of the serving certificate; written only if TLS_MODE is self-managed.',
    example: DEFAULT_TLS_DIR,
  }),
  FACTS_DIR: z.string().optional().meta({
    description: 'Folder, shared with the webhook, of the facts for its warnings; TLS_DIR if not set.',
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
    description: 'Name of the MutatingWebhookConfiguration whose caBundle is reconciled.',
    example: PRODUCT_NAME,
  }),
  FENCE: oneOf(['on', 'off']).default('on').meta({
    description:
      'Whether admission policies must fence the ServiceAccount of this process; if `on`, that is proven each hour.',
    example: 'on',
  }),
  ...apiServerVariables,
  ...proxyVariables,
});
