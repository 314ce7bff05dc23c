import { createHash } from 'node:crypto';
import {
  type Identity,
  isSameHost,
  placeOf,
  type Registry,
  type TokenPlace,
} from './registries.ts';

/** One token to get: there is one per identity, service and region. */
export interface TokenRequest {
  /** Tells tokens apart, also in the checkpoint; no secret. */
  readonly id: string;
  readonly service: TokenPlace['service'];
  /** The AWS SDK's own search where not known. */
  readonly region: string | undefined;
  readonly identity: Identity;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** What a pull document is made of. */
export interface TokenPlan {
  readonly requests: readonly TokenRequest[];
  /** Key of `auths` and the token that it takes; without a key it is the registry that AWS names. */
  readonly entries: readonly { readonly key: string | undefined; readonly tokenId: string }[];
  /**
   * Tells plans apart: two secrets with the same recipe differ in the age of their tokens only. After a dot it says
   * which role of a namespace's own asks for the tokens.
   */
  readonly recipe: string;
}

export interface TokenPlanOptions {
  /** None: the caller's own registry in `region`. */
  readonly registries: readonly Registry[];
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  /** Who asks for the tokens of registries that name no role of their own. */
  readonly identity?: Identity;
}

/** Works out which tokens are needed, and under which key each goes. Never one region's under another's host. */
export function planTokens({ registries, region, identity = {} }: TokenPlanOptions): TokenPlan {
  const requests = new Map<string, TokenRequest>();
  const home = homePlace(registries, region);

  function tokenIdFor(place: Partial<TokenPlace>, who: Identity): string {
    const { service = 'ecr', region: where, fips = false, dualStack = false } = place;
    // External ids are no secrets, but nobody's business in a log.
    const externalId = who.externalId && shortHash(who.externalId);
    const id = [service, where ?? '-', who.roleArn, externalId].filter(Boolean).join(' ');
    const known = requests.get(id);
    requests.set(id, {
      id,
      service,
      region: where,
      identity: who,
      // A token opens every endpoint of its region; the strictest of its hosts chooses where to ask.
      fips: fips || (known?.fips ?? false),
      dualStack: dualStack || (known?.dualStack ?? false),
    });
    return id;
  }

  const entries = registries.map((registry) => {
    const { host, tokenOf = host } = registry;
    const who = roleFor(registry, registries) ?? identity;
    return { key: host, tokenId: tokenIdFor(placeOf(tokenOf) ?? home, who) };
  });
  if (entries.length === 0) {
    return finish([{ key: undefined, tokenId: tokenIdFor(home, identity) }], requests, identity);
  }
  return finish(entries, requests, identity);
}

/** Whether a secret of one recipe may hold tokens of a namespace's role that another recipe does not ask for. */
export function isOfOtherRole(recipe: string | undefined, than: string): boolean {
  const role = recipe?.split('.')[1];
  return role !== undefined && role !== than.split('.')[1];
}

/** The role of a registry: its own, else that of the listed one whose token it takes. */
function roleFor(registry: Registry, registries: readonly Registry[]): Identity | undefined {
  const { roleArn, externalId, sessionName, tokenOf } = registry;
  if (roleArn) return { roleArn, externalId, sessionName };
  if (tokenOf === undefined) return undefined;
  const named = registries.find(({ host }) => isSameHost(host, tokenOf));
  // An ECR host names no other one.
  return named && roleFor(named, []);
}

/** Where hosts that say nothing about it get their token: with the first ECR host, else at home. */
function homePlace(
  registries: readonly Registry[],
  region: string | undefined,
): Partial<TokenPlace> {
  const first = registries
    .map(({ host }) => placeOf(host))
    .find((place) => place?.service === 'ecr');
  return first ?? (region ? { region } : {});
}

function finish(
  entries: TokenPlan['entries'],
  requests: ReadonlyMap<string, TokenRequest>,
  identity: Identity,
): TokenPlan {
  const { roleArn, externalId } = identity;
  const plan = { requests: [...requests.values()], entries };
  const content = shortHash(JSON.stringify(entries));
  const isRoleUsed = roleArn && plan.requests.some(({ identity: who }) => who === identity);
  if (!isRoleUsed) return { ...plan, recipe: content };
  return { ...plan, recipe: `${content}.${shortHash(JSON.stringify([roleArn, externalId]))}` };
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
