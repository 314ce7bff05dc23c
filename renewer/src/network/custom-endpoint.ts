import { resolveEndpointConfig } from '@smithy/core/endpoints';
import { parseUrl } from '@smithy/core/transport';

/** The services that are asked, by the names that the SDK's settings are made of. */
export type AwsService = 'ECR' | 'STS';

/**
 * Whether the SDK's settings, variables and shared files, name an endpoint for a service: a VPC endpoint,
 * a proxy. It is the SDK's own reading, the same for all its clients.
 */
export async function hasCustomEndpoint(serviceId: AwsService): Promise<boolean> {
  const { serviceConfiguredEndpoint } = resolveEndpointConfig({
    serviceId,
    urlParser: parseUrl,
    endpointProvider: () => {
      throw new Error('nothing is sent');
    },
  });
  return (await serviceConfiguredEndpoint?.()) !== undefined;
}
