import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { generateRsaKeyPair } from '@ecr-pull-secrets/certs-scripts/issue/key-pair.ts';
import { planCa } from '../../src/webhook-tls/ca-plan.ts';
import {
  caStatusOf,
  type ObservedCa,
  type ObservedCaSecret,
  observeCaSecret,
} from '../../src/webhook-tls/ca-status.ts';
import { observePublished, type PublishedCaBundle } from '../../src/webhook-tls/published-ca-bundle.ts';

export const DAY_MS = 86_400_000;
export const START_MS = Date.parse('2026-01-01T00:00:00Z');
export const TIMES = {
  caLifetimeMs: 365 * DAY_MS,
  servingLifetimeMs: 7 * DAY_MS,
  trustPropagationMs: 60_000,
};

const keyPair = await generateRsaKeyPair();
/** Makes a CA as of an instant. */
export const make = (madeAtMs: number): Promise<PemPair> =>
  createCa({ commonName: 'test', now: new Date(madeAtMs), keyPair });
/** Signs from the start. */
export const old = await make(START_MS);
/** Made at two thirds of that one's life. */
export const young = await make(START_MS + 244 * DAY_MS);

/** What the Secret holds. */
export interface Content {
  readonly signing?: PemPair;
  readonly next?: PemPair;
  readonly trusted?: readonly PemPair[];
  readonly annotations?: Readonly<Record<string, string>>;
}

export function secretOf({ signing, next, trusted = [], annotations = {} }: Content): ObservedCaSecret {
  const texts = {
    'tls.crt': signing?.certificatePem,
    'tls.key': signing?.privateKeyPem,
    'next.crt': next?.certificatePem,
    'next.key': next?.privateKeyPem,
    'ca.crt': pemOf(trusted),
  };
  const data = Object.fromEntries(Object.entries(texts).flatMap(([key, text]) => (text ? [[key, encode(text)]] : [])));
  return observeCaSecret({ metadata: { name: 's', resourceVersion: '7', annotations }, data });
}

/** A webhook configuration that was seen with some CAs in its bundle since an instant. */
export function published(sinceMs: number, ...cas: readonly PemPair[]): PublishedCaBundle {
  return observePublished({ kind: 'unknown' }, [encode(pemOf(cas))], sinceMs);
}

export function pemOf(cas: readonly PemPair[]): string {
  return cas.map(({ certificatePem }) => certificatePem).join('');
}

/** RFC 3339. */
export function instant(ms: number): string {
  return new Date(ms).toISOString();
}

/** Base64, as the API has it. */
export function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** What the leader does next. */
export function plan(observed: ObservedCa, seen: PublishedCaBundle, nowMs: number) {
  const now = new Date(nowMs);
  return planCa(caStatusOf(observed, now), seen, TIMES, now);
}
