import { DEFAULT_CA_LIFETIME_MS } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { DEFAULT_SERVING_LIFETIME_MS } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import { parseDurationMs } from '@ecr-pull-secrets/shared/duration.ts';
import * as z from 'zod';

/** An API server follows webhook configurations by a watch, which lags by seconds at the very most. */
const DEFAULT_TRUST_PROPAGATION_MS = 60_000;

/** The dates of certificates have whole seconds, and each renewal needs a few. */
const SHORTEST_LIFETIME_MS = 10_000;

const duration = parsedBy(parseDurationMs);

const lifetime = duration.refine((ms) => ms >= SHORTEST_LIFETIME_MS, 'must be 10s or more');

/** `certificates` of `CONFIG_FILE`. */
export const certificateTimesSchema = z
  .strictObject({
    caLifetime: lifetime.optional(),
    servingLifetime: lifetime.optional(),
    trustPropagation: duration.optional(),
  })
  .transform(({ caLifetime, servingLifetime, trustPropagation }) => ({
    caLifetimeMs: caLifetime ?? DEFAULT_CA_LIFETIME_MS,
    servingLifetimeMs: servingLifetime ?? DEFAULT_SERVING_LIFETIME_MS,
    /** How long after a change of `caBundle` every API server has it. */
    trustPropagationMs: trustPropagation ?? DEFAULT_TRUST_PROPAGATION_MS,
  }))
  .refine(
    ({ caLifetimeMs, servingLifetimeMs }) => servingLifetimeMs <= caLifetimeMs,
    'servingLifetime must not be longer than caLifetime',
  )
  // The next CA is made when a third is left, and signs after the trust propagation.
  .refine(
    ({ caLifetimeMs, trustPropagationMs }) => trustPropagationMs <= caLifetimeMs / 6,
    'trustPropagation must not be longer than a sixth of caLifetime',
  );

/** How long things of the self-managed mode last. */
export type CertificateTimes = Readonly<z.output<typeof certificateTimesSchema>>;
