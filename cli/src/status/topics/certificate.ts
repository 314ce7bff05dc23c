import type { Certificate } from '@ecr-pull-secrets/certs-scripts/verify/certificate.ts';
import { oneLine } from '@ecr-pull-secrets/certs-scripts/verify/certificate-problems.ts';
import { readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { dnsNameOf } from '../../cluster/read-webhook-certificate.ts';
import { certificateProblems } from '../../cluster/webhook-certificate.ts';
import { findingsWith } from '../../report/finding.ts';
import { type StatusFinding, whenOf } from '../finding.ts';
import { type CertificateKind, lateMsOf } from '../late-certificate.ts';
import { commandsFor, type ReleaseState } from '../release-state.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'certificate' });

/** The CAs that API servers trust, and what the webhook serves if that could be read. */
export function certificatesOf({ webhook, servedChain }: ReleaseState) {
  const bundle = readPemCertificates(Buffer.from(webhook?.clientConfig?.caBundle ?? '', 'base64').toString());
  const [leaf] = readPemCertificates(servedChain ?? '').certificates;
  return { bundle, leaf };
}

/** Whether API servers trust what the webhook serves, and until when. */
export function certificateFindings(state: ReleaseState): readonly StatusFinding[] {
  const { webhooks, webhook } = state;
  if ('unread' in webhooks) {
    return [unknown(`the webhook configuration cannot be read: ${webhooks.unread}`)];
  }
  if (!webhook) return [];
  const command = commandFor(state);
  if (!webhook.clientConfig?.caBundle) {
    const message = 'the webhook configuration has no caBundle, so API servers trust no certificate of the webhook';
    return [problem(message, command)];
  }
  const { bundle, leaf } = certificatesOf(state);
  const problems = problemsOf(state);
  if (problems.length > 0) return problems.map((message) => problem(message, command));
  // During a rotation an older CA may end soon.
  const newest = bundle.certificates.toSorted((one, other) => other.notAfter.getTime() - one.notAfter.getTime())[0];
  return [
    ...(newest ? [expiryFinding(state, 'ca', newest, command)] : []),
    leaf ? expiryFinding(state, 'serving', leaf, command) : UNREACHED,
  ];
}

const UNREACHED = note('the serving certificate was not examined, as the webhook cannot be reached from here');

function problemsOf({ webhook, servedChain, release, nowMs }: ReleaseState): readonly string[] {
  const caBundle = webhook?.clientConfig?.caBundle ?? '';
  const { certificates, problems } = readPemCertificates(Buffer.from(caBundle, 'base64').toString());
  if (certificates.length === 0) return problems.map((each) => `the caBundle ${each}`);
  if (certificates.every(({ notAfter }) => notAfter.getTime() < nowMs)) {
    const names = certificates.map(
      ({ x509, notAfter }) => `${oneLine(x509.subject)}, ${whenOf(notAfter.getTime(), nowMs)}`,
    );
    return [`all CAs in caBundle have expired: ${names.join('; ')}`];
  }
  if (servedChain === undefined) return [];
  return certificateProblems({ kind: 'chain', pem: servedChain }, { caBundle, dnsName: dnsNameOf(release), nowMs });
}

const NAMES: Readonly<Record<CertificateKind, string>> = {
  ca: 'the newest CA in caBundle',
  serving: 'the serving certificate',
};

function expiryFinding(
  { nowMs, settings }: ReleaseState,
  kind: CertificateKind,
  { notBefore, notAfter }: Certificate,
  command: string,
): StatusFinding {
  const lifeMs = notAfter.getTime() - notBefore.getTime();
  const isLate = notAfter.getTime() - nowMs < lateMsOf(settings.tlsMode, kind, lifeMs);
  const message = `${NAMES[kind]} expires at ${whenOf(notAfter.getTime(), nowMs)}`;
  return isLate ? problem(`${message}, and its renewal is late`, command) : ok(message);
}

function commandFor({ release, settings }: ReleaseState): string {
  if (settings.tlsMode !== 'cert-manager') return commandsFor(release).logs;
  return `kubectl describe certificates,issuers --namespace ${release.namespace}`;
}
