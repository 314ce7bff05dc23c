import type { Settings } from './settings.ts';

/** The certificates of the webhook: that of the CA, and the one that it serves. */
export type CertificateKind = 'ca' | 'serving';

/** A program renews a certificate when a third of its life is left. */
const LATE_SHARE = 1 / 4;

/** For a person or a program of somebody else, whatever the life is. */
const LATE_OF_OTHERS_MS = 14 * 86_400_000;

/**
 * How long before its expiry a certificate counts as not renewed: as in the alerts of the chart, which a test compares
 * (`chart/templates/_monitoring.tpl`). cert-manager renews the serving certificate, and the CA is somebody else's.
 */
export function lateMsOf(tlsMode: Settings['tlsMode'], kind: CertificateKind, lifeMs: number): number {
  const isRenewed = tlsMode === 'self-managed' || (tlsMode === 'cert-manager' && kind === 'serving');
  return isRenewed ? lifeMs * LATE_SHARE : LATE_OF_OTHERS_MS;
}
