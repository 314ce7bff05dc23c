import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createAccessKeys, type IdentityOptions } from './access-keys.ts';
import { type CallRecord, createCallHandler } from './calls.ts';
import { createFaultBoard, type Faults } from './faults.ts';
import { createListener } from './listener.ts';
import type { AwsState } from './operation.ts';
import type { RegistryState } from './registry.ts';
import type { Repositories } from './repositories.ts';
import type { RoleOptions } from './roles.ts';
import { createTokenStore, type IssuedToken } from './tokens.ts';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** ECR's tokens live 12 h (API reference of GetAuthorizationToken). */
const TOKEN_LIFETIME_MS = 12 * 3_600_000;

/** What the stand-in starts with. */
export interface EcrStandInOptions {
  /** Users' access keys. */
  readonly identities?: readonly IdentityOptions[];
  readonly roles?: readonly RoleOptions[];
  /** The role of the machine's instance profile; without it the metadata service has none. */
  readonly instanceRoleArn?: string;
  /** Who besides its own account may pull from a registry, by the account that owns it. */
  readonly registryReaders?: Readonly<Record<string, readonly string[]>>;
  /** Other names of registries (a pull-through proxy, a CNAME): alias → ECR host. */
  readonly registryAliases?: Readonly<Record<string, string>>;
  /** What every registry contains, by the name of the repository. By default nothing. */
  readonly repositories?: Repositories;
  /** The stand-in's clock, ms since the epoch, also in its Date headers. Default: the machine's. */
  readonly now?: () => number;
  /** How long an authorization token lives. Default: 12 h. */
  readonly tokenLifetimeMs?: number;
  /** PEM of a serving certificate: with it the stand-in is there over TLS as well. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** A running stand-in for ECR, ECR Public, STS and the two services that give keys to machines. */
export interface EcrStandIn {
  /** `http://127.0.0.1:<port>`: what `AWS_ENDPOINT_URL` takes, and `login`. */
  readonly endpoint: string;
  /** The same over TLS, `https://127.0.0.1:<port>`; `undefined` without a certificate. */
  readonly secureEndpoint: string | undefined;
  /** Every call to the AWS side so far, in order of arrival. */
  readonly calls: readonly CallRecord[];
  readonly faults: Faults;
  /** Makes registries refuse live tokens, with ECR's challenge; the result ends it. */
  refuseLogins(when: (token: IssuedToken, host: string) => boolean): () => void;
  /** Every authorization token so far, in order of issue. */
  issuedTokens(): readonly IssuedToken[];
  /** Every token, password, secret key and session token so far, to search logs for. */
  secrets(): readonly string[];
  /** How many connections are open, idle ones too. */
  connections(): Promise<number>;
  /** Stops listening and cuts every connection, those that hang too. */
  close(): Promise<void>;
}

/**
 * Starts the stand-in on free ports of 127.0.0.1.
 *
 * It speaks what the AWS SDK for JavaScript sends (AWS JSON 1.1, the query protocol), verifies every
 * signature, and is the registry of every account and region at once: the Host header says which.
 */
export async function startEcrStandIn(options: EcrStandInOptions = {}): Promise<EcrStandIn> {
  const { roles = [], instanceRoleArn, now = Date.now, tls } = options;
  const accessKeys = createAccessKeys(options.identities ?? []);
  const tokens = createTokenStore(now, options.tokenLifetimeMs ?? TOKEN_LIFETIME_MS);
  const faults = createFaultBoard();
  const closing = new AbortController();
  const aws: AwsState = { accessKeys, tokens, roles, instanceRoleArn, now };
  const loginRefusals = new Set<(token: IssuedToken, host: string) => boolean>();
  const registry: RegistryState = {
    tokens,
    refusesLogin: (token, host) => [...loginRefusals].some((refuses) => refuses(token, host)),
    now,
    readers: new Map(Object.entries(options.registryReaders ?? {})),
    aliases: new Map(Object.entries(options.registryAliases ?? {})),
    repositories: options.repositories ?? {},
  };
  const calls = createCallHandler(aws, faults, closing.signal);
  const listener = createListener(aws, registry, calls);
  const plain = createServer(listener);
  const secure = tls && createTlsServer(tls, listener);
  return {
    endpoint: `http://127.0.0.1:${await listenOnLoopback(plain)}`,
    secureEndpoint: secure && `https://127.0.0.1:${await listenOnLoopback(secure)}`,
    calls: calls.records,
    faults,
    refuseLogins: (when) => {
      // Another identity than that of the caller's function, which may be added twice.
      const refusal: typeof when = (token, host) => when(token, host);
      loginRefusals.add(refusal);
      return () => void loginRefusals.delete(refusal);
    },
    issuedTokens: () => tokens.all(),
    secrets: () => [
      ...accessKeys.secrets(),
      ...tokens.all().flatMap((token) => [token.password, token.authorizationToken]),
    ],
    connections: async () => {
      const counts = await Promise.all([plain, secure].map(countConnections));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    close: async () => {
      closing.abort();
      await Promise.all([plain, secure].map(closeServer));
    },
  };
}

function countConnections(server: Server | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    if (!server) return resolve(0);
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
}

async function closeServer(server: Server | undefined): Promise<void> {
  if (!server?.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
