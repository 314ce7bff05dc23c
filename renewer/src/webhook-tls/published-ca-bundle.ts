import { splitBundle } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';

/** The `caBundle` that API servers read in the webhook configuration. */
export type PublishedCaBundle =
  /** Not read yet. */
  | { readonly kind: 'unknown' }
  /** No webhook of ours is called. */
  | { readonly kind: 'nowhere' }
  /** PEM certificates that are in each webhook's `caBundle`, and since when we have seen each there. */
  | { readonly kind: 'bundle'; readonly sinceMs: ReadonlyMap<string, number> };

export const NOTHING_READ: PublishedCaBundle = Object.freeze({ kind: 'unknown' });

/**
 * What is published after an observation of the webhook configuration.
 *
 * @param caBundles - of each webhook, base64 as the API has it; empty if there is no configuration
 */
export function observePublished(
  before: PublishedCaBundle,
  caBundles: readonly (string | undefined)[],
  nowMs: number,
): PublishedCaBundle {
  const [first, ...others] = caBundles.map((caBundle) => splitBundle(decode(caBundle)));
  if (!first) return { kind: 'nowhere' };
  const everywhere = first.filter((pem) => others.every((bundle) => bundle.includes(pem)));
  const known = before.kind === 'bundle' ? before.sinceMs : new Map<string, number>();
  return { kind: 'bundle', sinceMs: seenSince(known, everywhere, nowMs) };
}

/**
 * Since when each of some certificates is there without a break. After a clock was set back that is now: to
 * wait for an instant in the future would take as long as the clock was set back.
 */
export function seenSince(
  before: ReadonlyMap<string, number>,
  pems: readonly string[],
  nowMs: number,
): ReadonlyMap<string, number> {
  return new Map(pems.map((pem) => [pem, Math.min(before.get(pem) ?? nowMs, nowMs)]));
}

/**
 * Since when a certificate is published; since 1970 if no webhook of ours is called, `undefined` if it is not
 * published.
 */
export function publishedSinceMs(published: PublishedCaBundle, certificatePem: string): number | undefined {
  if (published.kind === 'nowhere') return 0;
  return published.kind === 'bundle' ? published.sinceMs.get(certificatePem) : undefined;
}

/** The same without instants in the future, for a clock that was set back; the same object if it has none. */
export function asOf(published: PublishedCaBundle, nowMs: number): PublishedCaBundle {
  if (published.kind !== 'bundle') return published;
  const { sinceMs } = published;
  if ([...sinceMs.values()].every((ms) => ms <= nowMs)) return published;
  return { kind: 'bundle', sinceMs: seenSince(sinceMs, [...sinceMs.keys()], nowMs) };
}

/** All published certificates, as PEM. */
export function publishedPem(published: PublishedCaBundle): string {
  return published.kind === 'bundle' ? [...published.sinceMs.keys()].join('') : '';
}

function decode(caBundle: string | undefined): string {
  return Buffer.from(caBundle ?? '', 'base64').toString();
}
