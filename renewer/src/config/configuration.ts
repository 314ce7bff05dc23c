import { type Environment, readVariables } from '@ecr-pull-secrets/shared/configuration.ts';
import type { RenewerFacts } from '@ecr-pull-secrets/shared/renewer-facts.ts';
import { identityFingerprint } from '../credentials/aws/identity-fingerprint.ts';
import { apiServerOf } from './api-server-variables.ts';
import { readConfigFile, readTextFile } from './config-file.ts';
import { proxySettingsOf } from './proxy-variables.ts';
import { registrySettingsOf } from './registry-settings.ts';
import { renewerVariables } from './renewer-variables.ts';

/** The configuration of the renewer; see `renewerVariables`. */
export type RenewerConfiguration = ReturnType<typeof readRenewerConfiguration>;

/**
 * @param readText - reads a file
 * @throws ECRPS_CONFIGURATION_INVALID
 */
export function readRenewerConfiguration(environment: Environment, readText = readTextFile) {
  const variables = readVariables(renewerVariables, environment);
  const file = readConfigFile(variables.CONFIG_FILE, readText);
  const registrySettings = registrySettingsOf(variables, file);
  const { TARGET_NAMESPACE: target, EXCLUDE_NAMESPACE: exclude } = variables;
  return Object.freeze({
    host: variables.HOST,
    opsPort: variables.OPS_PORT,
    log: Object.freeze({ level: variables.LOG_LEVEL, format: variables.LOG_FORMAT }),
    pullSecretName: variables.DOCKER_SECRET_NAME,
    namespaceRule: Object.freeze({ selector: variables.NAMESPACE_SELECTOR, target, exclude }),
    ...registrySettings,
    namespaceRoles: file.namespaceRoles,
    optOutPolicy: file.optOut,
    foreignSecretPolicy: variables.FOREIGN_SECRETS,
    routineWritesPerSecond: file.routineWritesPerSecond,
    missedPods: file.missedPods,
    /** Whose tokens a checkpoint may hold. */
    awsCaller: identityFingerprint(environment),
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
    canary: variables.CANARY,
    deploymentEvents: variables.DEPLOYMENT_EVENTS,
    apiServer: apiServerOf(variables),
    /** May hold a proxy's credentials: never logged. */
    proxies: proxySettingsOf(variables),
    facts: Object.freeze({
      version: 2,
      registries: registrySettings.writableKeys,
      excludedNamespaces: [...exclude.entries],
    } satisfies RenewerFacts),
    /** For the first log line. */
    summary: Object.freeze({
      pullSecretName: variables.DOCKER_SECRET_NAME,
      targetNamespaces: target.entries,
      excludedNamespaces: exclude.entries,
      registries: registrySettings.registries.map(({ host }) => host),
      awsRegion: registrySettings.awsRegion,
    }),
  });
}
