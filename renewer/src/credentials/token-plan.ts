import { createHash } from 'node:crypto';
import { partitionOf } from '@ecr-pull-secrets/shared/aws-partitions.ts';
import type { Identity } from './identity.ts';
import type { Registry } from './registries/registries.ts';
import { isSameHost } from './registries/registry-key.ts';
import { tokenEndpointOf, type TokenEndpoint } from './registries/token-place.ts';

/** One token to get: there is one per identity, service and region. */
export interface TokenRequest {
  /** Identifies the token, also in the checkpoint; no secret. */
  readonly id: string;
  readonly service: TokenEndpoint['service'];
  /** `undefined`: the AWS SDK searches for it. */
  readonly region: string | undefined;
  readonly identity: Identity;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** What a docker config is made of. */
export interface TokenPlan {
  readonly requests: readonly TokenRequest[];
  /** Keys of `auths`, each with the id of its token; without a key it is the registry that AWS names. */
  readonly entries: readonly { readonly key: string | undefined; readonly tokenId: string }[];
  /** Registries that get no token, and why; the rest is complete without them. */
  readonly refused: readonly RefusedRegistry[];
  /**
   * Two secrets with the same plan hash differ in the age of their tokens only. The part after a dot is the hash of the
   * namespace's role, if the tokens are requested with it.
   */
  readonly planHash: string;
}

/** A registry that this identity cannot get a token for. */
export interface RefusedRegistry {
  readonly key: string;
  /** The end of a sentence that begins with the key. */
  readonly reason: string;
}

export interface TokenPlanOptions {
  /** None: the caller's own registry in `region`. */
  readonly registries: readonly Registry[];
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  /** With it the tokens of registries that name no role are requested. */
  readonly identity?: Identity | undefined;
}

/** One key of `auths`, and where and as whom its token is requested. */
interface PlannedKey {
  readonly key: string | undefined;
  readonly place: Partial<TokenEndpoint>;
  readonly identity: Identity;
}

/** Decides which tokens are needed, and under which key each goes. Never one region's under another's host. */
export function planTokens(options: TokenPlanOptions): TokenPlan {
  const { registries, region, identity = {} } = options;
  const home = homePlace(options);
  const keys: PlannedKey[] = registries.length === 0 ? [{ key: undefined, place: home, identity }] : [];
  const refused: RefusedRegistry[] = [];
  for (const registry of registries) {
    const planned = planKey(registry, home, options);
    const reason = partitionProblem(planned.place, planned.identity, region);
    if (reason === undefined) keys.push(planned);
    else refused.push({ key: registry.host, reason });
  }
  const entries = keys.map((planned) => ({ key: planned.key, tokenId: requestFor(planned).id }));
  const requests = mergeRequests(keys.map(requestFor));
  return { requests, entries, refused, planHash: planHashOf(entries, requests, identity) };
}

/** All tokens that several plans need, each once; plans that share a token share the strictest of its endpoints. */
export function tokenRequestsOf(plans: readonly TokenPlan[]): readonly TokenRequest[] {
  return mergeRequests(plans.flatMap((plan) => plan.requests));
}

/** Whether a secret of one plan hash may hold tokens of a role that another plan hash does not have. */
export function isOfOtherRole(planHash: string | undefined, than: string): boolean {
  const role = planHash?.split('.')[1];
  return role !== undefined && role !== than.split('.')[1];
}

/**
 * Why an identity gets no token at a place: in another partition it does not exist, so AWS would always refuse it. A
 * role's partition is in its ARN; that of the SDK's own identity is the partition of `AWS_REGION`.
 */
function partitionProblem(
  { region: where, partitions }: Partial<TokenEndpoint>,
  { roleArn }: Identity,
  region: string | undefined,
): string | undefined {
  const ours = roleArn ? roleArn.split(':')[1] : region && partitionOf(region);
  const requested = where && partitionOf(where);
  const isOurs = !partitions || partitions.includes(ours);
  if (!ours || (isOurs && (!requested || requested === ours))) return undefined;
  const theirs = isOurs ? requested : partitions?.join(' or ');
  const source = roleArn ? `the role ${roleArn}` : `the identity, by AWS_REGION=${region},`;
  return `gets no token: it is in AWS’s partition ${theirs}, and ${source} is in ${ours}; use an identity of that partition, for example in a release of its own`;
}

function planKey(
  registry: Registry,
  home: Partial<TokenEndpoint>,
  { registries, region, identity = {} }: TokenPlanOptions,
): PlannedKey {
  const { host: key, tokenOf = key } = registry;
  const named = tokenEndpointOf(tokenOf) ?? home;
  // If the region is a wildcard, most images need the token of the home region.
  const place = { ...named, region: named.region ?? region ?? home.region };
  return { key, place, identity: roleFor(registry, registries) ?? identity };
}

/** The role of a registry: its own, else that of the configured registry whose token it takes. */
function roleFor(registry: Registry, registries: readonly Registry[]): Identity | undefined {
  const { roleArn, externalId, sessionName, tokenOf } = registry;
  if (roleArn) return { roleArn, externalId, sessionName };
  if (tokenOf === undefined) return undefined;
  const named = registries.find(({ host }) => isSameHost(host, tokenOf));
  // An ECR host has no `tokenOf`.
  return named && roleFor(named, []);
}

/** The place of hosts that are no ECR names: that of the first ECR host, else `AWS_REGION`. */
function homePlace({ registries, region, identity = {} }: TokenPlanOptions): Partial<TokenEndpoint> {
  for (const registry of registries) {
    const place = tokenEndpointOf(registry.host);
    if (place?.service !== 'ecr' || place.region === undefined) continue;
    const asWhom = roleFor(registry, registries) ?? identity;
    if (partitionProblem(place, asWhom, region) === undefined) return place;
  }
  return region ? { region } : {};
}

function requestFor({ place, identity }: PlannedKey): TokenRequest {
  const { service = 'ecr', region, fips = false, dualStack = false } = place;
  // External ids are no secrets, but they do not belong in a log.
  const externalId = identity.externalId && shortHash(identity.externalId);
  const id = [service, region ?? '-', identity.roleArn, externalId].filter(Boolean).join(' ');
  return { id, service, region, identity, fips, dualStack };
}

/** A token opens every endpoint of its region; the strictest of its hosts chooses where to request it. */
function mergeRequests(requests: readonly TokenRequest[]): readonly TokenRequest[] {
  const merged = new Map<string, TokenRequest>();
  for (const request of requests) {
    const { fips = false, dualStack = false } = merged.get(request.id) ?? {};
    merged.set(request.id, {
      ...request,
      fips: fips || request.fips,
      dualStack: dualStack || request.dualStack,
    });
  }
  return [...merged.values()];
}

function planHashOf(entries: TokenPlan['entries'], requests: readonly TokenRequest[], identity: Identity): string {
  const { roleArn, externalId } = identity;
  const content = shortHash(JSON.stringify(entries));
  const isRoleUsed = roleArn && requests.some((one) => one.identity === identity);
  return isRoleUsed ? `${content}.${shortHash(JSON.stringify([roleArn, externalId]))}` : content;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
