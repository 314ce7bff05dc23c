import { resolveEndpointConfig } from '@smithy/core/endpoints';
import { parseUrl } from '@smithy/core/transport';

/** The services that are called, by their names in the SDK's settings. */
export type AwsService = 'ECR' | 'STS';

/**
 * Whether the SDK's settings (variables and shared files) name an endpoint for a service: a VPC endpoint or
 * a proxy. The SDK itself reads them, as for all its clients.
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
