import { readVariables, type Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { apiServerOf, apiServerVariables } from '@ecr-pull-secrets/renewer/config/api-server-variables.ts';
import { proxySettingsOf, proxyVariables } from '@ecr-pull-secrets/renewer/config/proxy-variables.ts';
import * as z from 'zod';

const variables = z.object({ ...apiServerVariables, ...proxyVariables });

/**
 * Where the API server and the proxies are.
 *
 * @throws ECRPS_CONFIGURATION_INVALID
 */
export function readClusterEnvironment(environment: Environment) {
  const values = readVariables(variables, environment);
  return { apiServer: apiServerOf(values), proxies: proxySettingsOf(values) };
}
