import {
  type Environment,
  objectName,
  oneOf,
  parsedBy,
  readVariables,
} from '@ecr-pull-secrets/shared/configuration.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import * as z from 'zod';
import { readConfigFile, readTextFile } from '../../config/config-file.ts';
import { apiServerOf, apiServerVariables } from '../../config/api-server-variables.ts';
import { renewerVariables } from '../../config/renewer-variables.ts';
import { registrySettingsOf } from '../../config/registry-settings.ts';
import { awsVariables } from '../../config/aws-variables.ts';
import { proxySettingsOf, proxyVariables } from '../../config/proxy-variables.ts';

/** Variables that the renewer reads in the same way. */
const { shape: shared } = renewerVariables;

/**
 * Every environment variable of `ecr-pull-secrets renew-once`: those of nabsul/k8s-ecr-login-renew with
 * its defaults, and those of addresses and files. The AWS SDK reads more.
 */
export const renewOnceVariables = z.object({
  DOCKER_SECRET_NAME: objectName.meta({
    description: 'Name of the pull secret, the same in every namespace.',
    example: 'k8s-ecr-login-renew-docker-secret',
  }),
  TARGET_NAMESPACE: parsedBy(parseNamespacePattern).prefault('default').meta({
    description:
      'Names of namespaces that get the secret, separated by commas, semicolons or newlines; `*` and `?` are wildcards. Without wildcards the command does not need the permission to list namespaces.',
    example: 'default,team-*',
  }),
  EXCLUDE_NAMESPACE: shared.EXCLUDE_NAMESPACE,
  DOCKER_REGISTRIES: shared.DOCKER_REGISTRIES,
  FOREIGN_SECRETS: shared.FOREIGN_SECRETS,
  ...awsVariables,
  CONFIG_FILE: z.string().optional().meta({
    description: 'A JSON file with the registries and their roles. The other keys have no effect here.',
    example: '/etc/ecr-pull-secrets/config.json',
  }),
  POD_NAMESPACE: objectName.optional().meta({
    description: 'Namespace of this pod, in which the command verifies the fence by a dry run.',
    example: PRODUCT_NAME,
  }),
  FENCE: oneOf(['on', 'off']).optional().meta({
    description:
      'Whether admission policies must limit the ServiceAccount of this process. If this is not set, the command does not verify it.',
    example: 'on',
  }),
  ...apiServerVariables,
  ...proxyVariables,
});

/** The configuration of a single run; see `renewOnceVariables`. */
export type RenewOnceConfiguration = ReturnType<typeof readRenewOnceConfiguration>;

/**
 * @param readText - reads a file
 * @throws ECRPS_CONFIGURATION_INVALID
 */
export function readRenewOnceConfiguration(environment: Environment, readText = readTextFile) {
  const variables = readVariables(renewOnceVariables, environment);
  const file = readConfigFile(variables.CONFIG_FILE, readText);
  return Object.freeze({
    pullSecretName: variables.DOCKER_SECRET_NAME,
    target: variables.TARGET_NAMESPACE,
    exclude: variables.EXCLUDE_NAMESPACE,
    foreignSecretPolicy: variables.FOREIGN_SECRETS,
    ...registrySettingsOf(variables, file),
    apiServer: apiServerOf(variables),
    fence: variables.FENCE,
    podNamespace: variables.POD_NAMESPACE,
    /** May hold a proxy's credentials: never logged. */
    proxies: proxySettingsOf(variables),
  });
}
