import { resolveEndpointConfig } from '@smithy/core/endpoints';
import { parseUrl } from '@smithy/core/transport';
import { fromNodeProviderChain, fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { AwsRequestHandler } from '../../network/aws-request-handler.ts';
import type { AwsKeys } from '../../config/aws-variables.ts';
import type { TokenRequest } from '../token-plan.ts';

/** The name of an assumed role's session in CloudTrail. */
const DEFAULT_SESSION_NAME = 'ecr-pull-secrets';

/** The options of an SDK client that requests a token: the region, the identity, and the connections. */
export function clientOptions(
  { region, fips, dualStack, identity }: TokenRequest,
  requestHandler: AwsRequestHandler,
  keys: AwsKeys | undefined,
) {
  const place = region ? { region } : {};
  // Absent if it is not configured, so that the SDK's own variables for it still count.
  const sts = fips ? { useFipsEndpoint: unlessCustom('STS') } : {};
  const own = ownCredentials(keys) ?? (fips ? fromNodeProviderChain({ clientConfig: sts }) : undefined);
  const { roleArn, externalId, sessionName = DEFAULT_SESSION_NAME } = identity;
  const credentials = roleArn
    ? fromTemporaryCredentials({
        params: {
          RoleArn: roleArn,
          RoleSessionName: sessionName,
          ...(externalId ? { ExternalId: externalId } : {}),
        },
        clientConfig: { ...place, ...sts, requestHandler },
        ...(own ? { masterCredentials: own } : {}),
      })
    : own;
  return {
    ...place,
    ...(credentials ? { credentials } : {}),
    ...(fips ? { useFipsEndpoint: unlessCustom('ECR') } : {}),
    ...(dualStack ? { useDualstackEndpoint: unlessCustom('ECR') } : {}),
    requestHandler,
  };
}

/** The SDK for JavaScript prefers AWS_PROFILE to keys. It writes into the object that it gets, so it gets a copy. */
function ownCredentials(keys: AwsKeys | undefined) {
  return keys && (async () => ({ ...keys }));
}

/** A custom endpoint is used as it is: with either flag the SDK rejects it. */
function unlessCustom(service: 'ECR' | 'STS'): () => Promise<boolean> {
  return async () => !(await hasCustomEndpoint(service));
}

/**
 * Whether the SDK's settings (variables and shared files) name an endpoint for a service: a VPC endpoint or
 * a proxy. The SDK itself reads them, as for all its clients.
 */
async function hasCustomEndpoint(serviceId: 'ECR' | 'STS'): Promise<boolean> {
  const { serviceConfiguredEndpoint } = resolveEndpointConfig({
    serviceId,
    urlParser: parseUrl,
    endpointProvider: () => {
      throw new Error('nothing is sent');
    },
  });
  return (await serviceConfiguredEndpoint?.()) !== undefined;
}
