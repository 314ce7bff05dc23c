import { createEmptyDockerConfig, createDockerConfig, type DockerConfig } from './docker-config.ts';
import type { Identity, Registry } from './registries/registries.ts';
import type { RegistryTokens } from './registry-token.ts';
import { planTokens, type TokenPlan, type TokenRequest } from './token-plan.ts';

/** The documents that namespaces get: one for all, and one for each role that some namespace uses. */
export interface CredentialStore {
  /** The document of an identity as of now; `undefined` while there is no token for it. */
  documentFor(identity: Identity | undefined): DockerConfig | undefined;
  /**
   * What replaces credentials that a namespace has no right to any more; `undefined` unless `documentFor` has found
   * no token of this identity for a minute.
   */
  emptyDocumentFor(identity: Identity | undefined): DockerConfig | undefined;
  /** Whether a token that is to be got in this identity's own name is missing. */
  lacksTokenOf(identity: Identity): boolean;
  /** All tokens that are needed while these identities are in use, besides the default one. */
  requestsFor(identities: Iterable<Identity>): readonly TokenRequest[];
  setTokens(tokens: RegistryTokens): void;
}

/** AWS gives a token that is new in use within seconds, or it refuses. */
const PATIENCE_MS = 60_000;

export function createCredentialStore(options: {
  readonly registries: readonly Registry[];
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  readonly now: () => number;
}): CredentialStore {
  const { registries, region, now } = options;
  const plans = new Map<string, TokenPlan>();
  let documents = new Map<string, DockerConfig | undefined>();
  let tokens: RegistryTokens = new Map();
  /** Since when there has been no token of an identity, and when that was seen last. */
  const lacking = new Map<string, { readonly sinceMs: number; readonly seenMs: number }>();

  function planFor(identity: Identity | undefined): TokenPlan {
    const key = keyOf(identity);
    const known = plans.get(key);
    if (known) return known;
    const plan = planTokens({ registries, region, ...(identity ? { identity } : {}) });
    plans.set(key, plan);
    return plan;
  }

  /** An identity that nobody asked about for a while is new in use. */
  function noteLack(key: string): void {
    const nowMs = now();
    const before = lacking.get(key);
    const isNew = !before || Math.abs(nowMs - before.seenMs) >= PATIENCE_MS;
    lacking.set(key, { sinceMs: isNew ? nowMs : before.sinceMs, seenMs: nowMs });
  }

  return {
    documentFor: (identity) => {
      const key = keyOf(identity);
      const known = documents.get(key);
      // A token that died since must not be handed out.
      if (known && known.expiresAtMs > now()) return known;
      const document = createDockerConfig(planFor(identity), tokens, now());
      documents.set(key, document);
      if (document) lacking.delete(key);
      else noteLack(key);
      return document;
    },
    emptyDocumentFor: (identity) => {
      const { sinceMs } = lacking.get(keyOf(identity)) ?? {};
      if (sinceMs === undefined || now() - sinceMs < PATIENCE_MS) return undefined;
      return createEmptyDockerConfig(planFor(identity), sinceMs);
    },
    lacksTokenOf: (identity) =>
      planFor(identity).entries.length === 0 ||
      planFor(identity).requests.some(({ id, identity: who }) => {
        if (keyOf(who) !== keyOf(identity)) return false;
        const token = tokens.get(id);
        return !token || token.expiresAtMs <= now();
      }),
    requestsFor: (identities) => {
      const requests = new Map<string, TokenRequest>();
      for (const identity of [undefined, ...identities]) {
        for (const request of planFor(identity).requests) requests.set(request.id, request);
      }
      return [...requests.values()];
    },
    setTokens: (next) => {
      tokens = next;
      documents = new Map();
    },
  };
}

function keyOf(identity: Identity | undefined): string {
  return identity ? `${identity.roleArn} ${identity.externalId ?? ''}` : '';
}
