import { oneLine } from '@ecr-pull-secrets/certs-scripts/verify/certificate-problems.ts';
import { foundIn } from '../cluster/read.ts';
import type { Finding } from '../report/finding.ts';
import { isoOf, type StatusFinding } from './finding.ts';
import { modeOf, type ReleaseState } from './release-state.ts';
import { certificateFindings, certificatesOf } from './topics/certificate.ts';
import { fenceFindings } from './topics/fence.ts';
import { injectionFindings, injectionResultOf } from './topics/injection.ts';
import { leaderFindings, leaderOf } from './topics/leader.ts';
import { namespaceFindings, worstOf } from './topics/namespaces.ts';
import { releaseFindings, versionOf } from './topics/release.ts';
import { tokenFindings, tokensOf } from './topics/tokens.ts';

/** The status of one release. Programs read it: the names of its fields do not change. */
export interface ReleaseReport extends ReturnType<typeof factsOf> {
  readonly findings: readonly StatusFinding[];
}

/** The status of the cluster. */
export interface Report {
  readonly releases: readonly ReleaseReport[];
  /** What concerns no release, such as that there is none. */
  readonly findings: readonly Finding[];
}

export function reportOf(state: ReleaseState): ReleaseReport {
  const findings = [
    ...releaseFindings(state),
    ...injectionFindings(state),
    ...leaderFindings(state),
    ...tokenFindings(state),
    ...namespaceFindings(state),
    ...certificateFindings(state),
    ...fenceFindings(state),
  ];
  return { ...factsOf(state), findings };
}

/** What is known is there; the rest is absent. */
function factsOf(state: ReleaseState) {
  const { release, settings, attempt, counts, webhook } = state;
  const workload = foundIn(release.workload);
  const overview = foundIn(state.namespaces);
  return {
    namespace: release.namespace,
    name: release.helmName,
    mode: modeOf(state),
    secretName: settings.secretName,
    ...(workload ? versionOf(workload) : {}),
    replicas: workload?.replicas,
    runs: workload?.runs,
    leader: leaderOf(state),
    tokens: tokensOf(state)?.map(({ registry, role, expiresAtMs, renewsByMs }) => ({
      registry,
      role,
      expiresAt: isoOf(expiresAtMs),
      renewsBy: isoOf(renewsByMs),
    })),
    namespaces: overview && {
      total: overview.total,
      states: overview.states,
      worst: worstOf(state),
    },
    injection: { result: injectionResultOf(state), triedIn: attempt?.namespace, counts: foundIn(counts) },
    certificates: webhook && certificateDates(state),
    fence: settings.isFenced ? fenceFindings(state)[0]?.state : 'off',
  };
}

function certificateDates(state: ReleaseState) {
  const { bundle, leaf } = certificatesOf(state);
  return {
    trusted: bundle.certificates.map(({ x509, notAfter }) => ({
      subject: oneLine(x509.subject),
      expiresAt: notAfter.toISOString(),
    })),
    serving: leaf && { expiresAt: leaf.notAfter.toISOString() },
  };
}
