import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import type { Pod, ServiceAccountTokenSource } from '../api/objects.ts';

/** No token is kept longer than this (`maxTTL` of kubelet). */
const MAX_AGE_MS = 24 * 3_600_000;

/** The lifetime of a token for which none is requested (TokenRequest's own default). */
const DEFAULT_EXPIRATION_SECONDS = 3_600;

export interface IssuedToken {
  readonly token: string;
  readonly requestedMs: number;
  readonly expiresAt: number;
}

/**
 * Whether kubelet would fetch a new token: less than a fifth of its life is left, or it is a day old.
 * Source: kubernetes `pkg/kubelet/token/token_manager.go`, without its 10 s of jitter.
 */
export function needsRefresh({ requestedMs, expiresAt }: IssuedToken, now: number): boolean {
  const issuedAt = expiresAt - requestedMs;
  return now > issuedAt + MAX_AGE_MS || now > expiresAt - requestedMs * 0.2;
}

/** The tokens of one pod, each fetched once and again when it grows old. */
export interface TokenSource {
  /**
   * A token that is bound to the pod. Where fetching a new one fails, the old one while it lives.
   *
   * @throws what the API server's refusal was, if there is no living token
   */
  token(source: ServiceAccountTokenSource): Promise<string>;
}

interface TokenAnswer {
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

export function createTokenSource(client: KubeClient, clock: Clock, pod: Pod): TokenSource {
  const issued = new Map<string, IssuedToken>();

  async function fetchToken(source: ServiceAccountTokenSource): Promise<IssuedToken> {
    const expirationSeconds = source.expirationSeconds ?? DEFAULT_EXPIRATION_SECONDS;
    const { namespace, name, uid } = pod.metadata;
    const account = pod.spec.serviceAccountName ?? 'default';
    const { status } = await client.request<TokenAnswer>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          audiences: source.audience ? [source.audience] : [],
          expirationSeconds,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    });
    return {
      token: status.token,
      requestedMs: expirationSeconds * 1000,
      expiresAt: Date.parse(status.expirationTimestamp),
    };
  }

  return {
    token: async (source) => {
      const key = JSON.stringify([source.audience, source.expirationSeconds]);
      const old = issued.get(key);
      if (old && !needsRefresh(old, clock.now())) return old.token;
      try {
        const fresh = await fetchToken(source);
        issued.set(key, fresh);
        return fresh.token;
      } catch (error) {
        if (old && clock.now() < old.expiresAt) return old.token;
        throw error;
      }
    },
  };
}
