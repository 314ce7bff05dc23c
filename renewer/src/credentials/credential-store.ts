import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Observable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import type { RegistrySettings } from '../config/registry-settings.ts';
import { createDockerConfig, createEmptyDockerConfig, type DockerConfig } from './docker-config.ts';
import type { Identity } from './identity.ts';
import { isValid, type RegistryTokens } from './registry-token.ts';
import { PENDING_MS } from './renewal-policy.ts';
import { planTokens, type TokenPlan, tokenRequestsOf } from './token-plan.ts';
import type { TokenRenewer } from './token-renewer.ts';

/** What the namespaces of one identity get. */
export type Credentials =
  | { readonly kind: 'available'; readonly dockerConfig: DockerConfig }
  /** There is no token yet: nothing is changed, because AWS may give one within seconds. */
  | { readonly kind: 'pending' }
  /** There has been no token for a minute. The empty docker config replaces credentials of another role. */
  | { readonly kind: 'unavailable'; readonly emptyDockerConfig: DockerConfig };

/** The credentials of all identities: the default one, and the roles that namespaces use. */
export interface CredentialStore {
  /**
   * Sets the roles that are in use from now on, besides the default identity: their tokens are requested and renewed.
   * It also records which identities have no token, so it must be called at each resync too.
   */
  use(roles: Iterable<Identity>): void;
  /** What an identity, or the default one, gets at this moment. */
  credentialsFor(role: Identity | undefined): Credentials;
  /** Whether AWS gives the tokens that are requested in a role's own name; `pending` for the first minute without. */
  tokenStatusOf(role: Identity): Credentials['kind'];
  /** Changes if there are new tokens. */
  readonly changes: Pick<Observable<unknown>, 'get' | 'changedFrom'>;
}

/** An identity that is or was in use. */
interface Usage {
  readonly usedAtMs: number;
  /** Since when there has been no token for it at all. */
  readonly emptySinceMs: number | undefined;
  /** Since when one of the tokens that are requested in its own name has been missing. */
  readonly incompleteSinceMs: number | undefined;
}

interface CredentialStoreDependencies {
  readonly clock: Clock;
  readonly tokenRenewer: Pick<TokenRenewer, 'tokens' | 'require'>;
}

export function createCredentialStore(
  { clock, tokenRenewer }: CredentialStoreDependencies,
  { registries, awsRegion: region }: Pick<RegistrySettings, 'registries' | 'awsRegion'>,
): CredentialStore {
  const { tokens } = tokenRenewer;
  const plans = new Map<string, TokenPlan>();
  const usages = new Map<string, Usage>();
  let builtFrom: RegistryTokens | undefined;
  const dockerConfigs = new Map<string, DockerConfig>();

  function planFor(role: Identity | undefined): TokenPlan {
    const key = keyOf(role);
    const plan = plans.get(key) ?? planTokens({ registries, region, identity: role });
    plans.set(key, plan);
    return plan;
  }

  /** It is built once for all namespaces, and again if one of its tokens has expired. */
  function dockerConfigOf(role: Identity | undefined): DockerConfig | undefined {
    const current = tokens.get();
    if (builtFrom !== current) dockerConfigs.clear();
    builtFrom = current;
    const key = keyOf(role);
    const built = dockerConfigs.get(key);
    if (built && built.expiresAtMs > clock.now()) return built;
    const dockerConfig = createDockerConfig(planFor(role), current, clock.now());
    if (dockerConfig) dockerConfigs.set(key, dockerConfig);
    return dockerConfig;
  }

  /** A plan without entries is that of a role in another partition than all registries. */
  function lacksOwnToken(role: Identity | undefined): boolean {
    const { entries, requests } = planFor(role);
    const own = requests.filter(({ identity }) => keyOf(identity) === keyOf(role));
    const current = tokens.get();
    return entries.length === 0 || own.some(({ id }) => !isValid(current.get(id), clock.now()));
  }

  function recordUse(role: Identity | undefined): void {
    const key = keyOf(role);
    const nowMs = clock.now();
    const before = usages.get(key);
    // An identity that was out of use for a while is new in use; so are all if the clock was set back.
    const isNew = !before || Math.abs(nowMs - before.usedAtMs) >= PENDING_MS;
    const since = (ms: number | undefined): number => (isNew ? nowMs : (ms ?? nowMs));
    usages.set(key, {
      usedAtMs: nowMs,
      emptySinceMs: dockerConfigOf(role) ? undefined : since(before?.emptySinceMs),
      incompleteSinceMs: lacksOwnToken(role) ? since(before?.incompleteSinceMs) : undefined,
    });
  }

  function use(roles: Iterable<Identity>): void {
    const identities = [undefined, ...roles];
    for (const role of identities) recordUse(role);
    tokenRenewer.require(tokenRequestsOf(identities.map(planFor)));
  }

  function hasPassed(sinceMs: number | undefined): sinceMs is number {
    return sinceMs !== undefined && clock.now() - sinceMs >= PENDING_MS;
  }

  use([]);
  return {
    use,
    credentialsFor: (role) => {
      const dockerConfig = dockerConfigOf(role);
      if (dockerConfig) return { kind: 'available', dockerConfig };
      const sinceMs = usages.get(keyOf(role))?.emptySinceMs;
      if (!hasPassed(sinceMs)) return { kind: 'pending' };
      return {
        kind: 'unavailable',
        emptyDockerConfig: createEmptyDockerConfig(planFor(role), sinceMs),
      };
    },
    tokenStatusOf: (role) => {
      if (!lacksOwnToken(role)) return 'available';
      return hasPassed(usages.get(keyOf(role))?.incompleteSinceMs) ? 'unavailable' : 'pending';
    },
    changes: tokens,
  };
}

function keyOf(role: Identity | undefined): string {
  return role?.roleArn ? `${role.roleArn} ${role.externalId ?? ''}` : '';
}
