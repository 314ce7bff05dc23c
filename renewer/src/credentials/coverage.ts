import { createKeyring } from '@ecr-pull-secrets/shared/keyring.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import { hostsOf } from './checkpoint/checkpoint-secret.ts';
import type { RegistryTokens } from './registry-token.ts';
import type { TokenRenewer } from './token-renewer.ts';

/**
 * Creates a function that decides whether a token covers an image, as the webhook decides it by `facts.json`: by the
 * registries of the settings, or by those of the tokens if the settings name none. True before the first token.
 */
export function createCoverage(
  { tokens }: Pick<TokenRenewer, 'tokens'>,
  { facts }: Pick<RenewerConfiguration, 'facts'>,
): (imageName: string) => boolean {
  if (facts.registries.length > 0) return createKeyring(facts.registries);
  let builtFrom: RegistryTokens | undefined;
  let isCovered = createKeyring([]);
  return (imageName) => {
    const current = tokens.get();
    if (builtFrom !== current) isCovered = createKeyring(hostsOf(current));
    builtFrom = current;
    return current.size === 0 || isCovered(imageName);
  };
}
