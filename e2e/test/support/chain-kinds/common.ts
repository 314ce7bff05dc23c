import {
  caExtensions,
  type ChainDraft,
  deepBelow,
  leafExtensions,
  root,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { type CertificateDraft, nameConstraints } from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';

/** Chains by what is odd in them. */
export type ChainKinds = Readonly<Record<string, ChainDraft>>;

/** A CA with more than the usual extensions. */
export function caWith(...more: readonly Buffer[]): CertificateDraft {
  return root({ extensions: [...caExtensions, ...more] });
}

/** A CA with name constraints. */
export function constrained(...constraints: Parameters<typeof nameConstraints>): CertificateDraft {
  return caWith(nameConstraints(...constraints));
}

/** More extensions than the usual ones, in each part of a chain. */
export interface MoreExtensions {
  readonly root?: readonly Buffer[];
  readonly middle?: readonly Buffer[];
  readonly leaf?: readonly Buffer[];
}

/** A chain of three with more extensions. */
export function withMore(more: MoreExtensions): ChainDraft {
  return deepBelow(
    caWith(...(more.root ?? [])),
    { extensions: [...caExtensions, ...(more.middle ?? [])] },
    { extensions: [...leafExtensions, ...(more.leaf ?? [])] },
  );
}
