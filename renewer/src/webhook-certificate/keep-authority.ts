import { createCertificateAuthority } from '@ecr-pull-secrets/certs-scripts/certificate-authority.ts';
import { type BackOff, backOffMs } from '@ecr-pull-secrets/shared/back-off.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { RenewerContext } from '../context.ts';
import { isApiError } from '../kube/api-error.ts';
import type { Observed } from '../observed.ts';
import {
  applyAuthoritySecret,
  authorityOf,
  type AuthorityState,
  type KnownSecret,
} from './authority-secret.ts';

/** The authority is compared with the clock this often; a write without an echo is tried again then. */
const CHECK_INTERVAL_MS = 30_000;

/** Whoever keeps restoring rubbish must not make us sign without pause. */
const REPLACEMENT_PAUSE_MS = 5_000;

const RETRY: BackOff = { baseMs: 1_000, capMs: 30_000 };

export interface KeepAuthorityOptions
  extends Pick<RenewerContext, 'client' | 'clock' | 'random' | 'logger'> {
  readonly namespace: string;
  /** The Secret's name. */
  readonly name: string;
  readonly state: Observed<KnownSecret>;
  readonly signal: AbortSignal;
}

/** The leader's part: makes a certificate authority wherever there is none, or none of use. */
export async function keepAuthority(options: KeepAuthorityOptions): Promise<void> {
  const { state, clock, random, logger, signal } = options;
  let failures = 0;
  while (!signal.aborted) {
    const known = state.get();
    const found = authorityOf(known, new Date(clock.now()));
    try {
      if (found.kind === 'absent' || found.kind === 'invalid') {
        await replaceAuthority(options, found);
        await clock.sleep(REPLACEMENT_PAUSE_MS, signal);
      }
      failures = 0;
      await state.changedFrom(known, { clock, withinMs: CHECK_INTERVAL_MS, signal });
    } catch (error) {
      if (signal.aborted) return;
      // A conflict means that the Secret changed; the watch brings what it is now.
      if (!isApiError(error, 409)) logger.error({ err: error }, 'making the authority failed');
      await clock.sleep(backOffMs(failures++, RETRY, random), signal);
    }
  }
}

async function replaceAuthority(
  options: KeepAuthorityOptions,
  found: Extract<AuthorityState, { kind: 'absent' | 'invalid' }>,
): Promise<void> {
  const { name, clock, logger } = options;
  if (found.kind === 'invalid') {
    logger.error(
      { secret: name, problems: found.problems },
      'the authority is of no use; replacing it',
    );
  }
  const authority = await createCertificateAuthority({
    // The namespace would make it too long for readers that keep to 64 characters (RFC 5280).
    commonName: PRODUCT_NAME,
    now: new Date(clock.now()),
  });
  const version = found.kind === 'invalid' ? found.resourceVersion : '1';
  await applyAuthoritySecret(options, authority, version);
  logger.info({ secret: name }, 'made a certificate authority');
}
