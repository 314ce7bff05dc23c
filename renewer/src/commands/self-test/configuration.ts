import {
  type Environment,
  flag,
  objectName,
  parsedBy,
  readVariables,
  wholeNumber,
} from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { apiServerOf, apiServerVariables } from '../../config/api-server-variables.ts';
import { renewerVariables } from '../../config/renewer-variables.ts';
import { proxySettingsOf, proxyVariables } from '../../config/proxy-variables.ts';
import { readTriedPod } from './tried-pod.ts';

/** Every environment variable of `ecr-pull-secrets test`. */
export const selfTestVariables = z.object({
  TEST_NAMESPACE: objectName.meta({
    description: 'The namespace to test, which must have opted in.',
    example: 'ecr-pull-secrets-test',
  }),
  DOCKER_SECRET_NAME: renewerVariables.shape.DOCKER_SECRET_NAME,
  EXPECT_INJECTION: flag.default(true).meta({
    description: 'Whether a pod in the namespace must get the name of the secret.',
    example: 'true',
  }),
  TEST_POD: parsedBy(readTriedPod).prefault('{}').meta({
    description:
      'Fields of the pod that policies and conditions require, as JSON: `image`, `resources`, `labels` and `annotations`. Each replaces a default of the command.',
    example: '{"image":"123456789012.dkr.ecr.us-east-1.amazonaws.com/app:1"}',
  }),
  TEST_SECONDS: wholeNumber('a number of seconds', 1, 3600).default(60).meta({
    description: 'How long the test waits for the pull secret and for the injection.',
    example: '60',
  }),
  ...apiServerVariables,
  ...proxyVariables,
});

/** The configuration of the test; see `selfTestVariables`. */
export type SelfTestConfiguration = ReturnType<typeof readSelfTestConfiguration>;

/** @throws ECRPS_CONFIGURATION_INVALID */
export function readSelfTestConfiguration(environment: Environment) {
  const variables = readVariables(selfTestVariables, environment);
  return Object.freeze({
    namespace: variables.TEST_NAMESPACE,
    pullSecretName: variables.DOCKER_SECRET_NAME,
    expectInjection: variables.EXPECT_INJECTION,
    pod: variables.TEST_POD,
    withinMs: variables.TEST_SECONDS * 1000,
    apiServer: apiServerOf(variables),
    /** May hold a proxy's credentials: never logged. */
    proxies: proxySettingsOf(variables),
  });
}
