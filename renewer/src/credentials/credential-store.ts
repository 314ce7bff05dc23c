import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
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
export type CredentialStore = ReturnType<typeof createCredentialStore>;

/** An identity that is or was in use. */
interface Usage {
  readonly usedAtMs: number;
  /** Since when there has been no token for it at all. */
  readonly emptySinceMs: number | undefined;
  /** Since when one of the tokens that are requested in its own name has been missing. */
  readonly incompleteSinceMs: number | undefined;
}

export function createCredentialStore(
  { clock, tokenRenewer }: { readonly clock: Clock; readonly tokenRenewer: Pick<TokenRenewer, 'tokens' | 'require'> },
  { registries, awsRegion: region }: Pick<RegistrySettings, 'registries' | 'awsRegion'>,
) {
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
  function dockerConfigOf(role: Identity | undefined, nowMs: number): DockerConfig | undefined {
    const current = tokens.get();
    if (builtFrom !== current) dockerConfigs.clear();
    builtFrom = current;
    const key = keyOf(role);
    const built = dockerConfigs.get(key);
    if (built && built.expiresAtMs > nowMs) return built;
    const dockerConfig = createDockerConfig(planFor(role), current, nowMs);
    if (dockerConfig) dockerConfigs.set(key, dockerConfig);
    return dockerConfig;
  }

  /** A plan without entries is that of a role in another partition than all registries. */
  function lacksOwnToken(role: Identity | undefined, nowMs: number): boolean {
    const { entries, requests } = planFor(role);
    const own = requests.filter(({ identity }) => keyOf(identity) === keyOf(role));
    return entries.length === 0 || own.some(({ id }) => !isValid(tokens.get().get(id), nowMs));
  }

  function recordUse(role: Identity | undefined, nowMs: number): void {
    const key = keyOf(role);
    const before = usages.get(key);
    // An identity that was out of use for a while is new in use; so are all if the clock was set back.
    const isNew = !before || Math.abs(nowMs - before.usedAtMs) >= PENDING_MS;
    const since = (ms: number | undefined): number => (isNew ? nowMs : (ms ?? nowMs));
    usages.set(key, {
      usedAtMs: nowMs,
      emptySinceMs: dockerConfigOf(role, nowMs) ? undefined : since(before?.emptySinceMs),
      incompleteSinceMs: lacksOwnToken(role, nowMs) ? since(before?.incompleteSinceMs) : undefined,
    });
  }

  /**
   * Sets the roles in use, besides the default identity: their tokens are requested and renewed. It also records which
   * identities lack a token at this instant. An identity that was not in use for `PENDING_MS` is new and pending again,
   * so the caller repeats this at each resync, not only if the roles change.
   */
  function setRolesInUse(roles: Iterable<Identity>, nowMs: number): void {
    const identities = [undefined, ...roles];
    for (const role of identities) recordUse(role, nowMs);
    tokenRenewer.require(tokenRequestsOf(identities.map(planFor)));
  }

  setRolesInUse([], clock.now());
  return {
    setRolesInUse,
    /** What an identity, or the default one, gets at this moment. */
    credentialsFor(role: Identity | undefined): Credentials {
      const nowMs = clock.now();
      const dockerConfig = dockerConfigOf(role, nowMs);
      if (dockerConfig) return { kind: 'available', dockerConfig };
      const sinceMs = usages.get(keyOf(role))?.emptySinceMs;
      if (!hasPassed(sinceMs, nowMs)) return { kind: 'pending' };
      return {
        kind: 'unavailable',
        emptyDockerConfig: createEmptyDockerConfig(planFor(role), sinceMs),
      };
    },
    /** Whether AWS gives the tokens that are requested in a role's own name; `pending` for the first minute without. */
    tokenStatusOf(role: Identity): Credentials['kind'] {
      const nowMs = clock.now();
      if (!lacksOwnToken(role, nowMs)) return 'available';
      const sinceMs = usages.get(keyOf(role))?.incompleteSinceMs;
      return hasPassed(sinceMs, nowMs) ? 'unavailable' : 'pending';
    },
    /** Changes if there are new tokens. */
    changes: tokens,
  };
}

function keyOf(role: Identity | undefined): string {
  return role?.roleArn ? `${role.roleArn} ${role.externalId ?? ''}` : '';
}

function hasPassed(sinceMs: number | undefined, nowMs: number): sinceMs is number {
  return sinceMs !== undefined && nowMs - sinceMs >= PENDING_MS;
}
