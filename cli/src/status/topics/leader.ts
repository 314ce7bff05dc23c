import { foundIn } from '../../cluster/read.ts';
import { findingsWith } from '../../report/finding.ts';
import { type StatusFinding, whenOf } from '../finding.ts';
import { commandsFor, type ReleaseState } from '../release-state.ts';

const { ok, problem, unknown } = findingsWith({ topic: 'leader' });

/** What the lease shows. */
export function leaderOf({ lease: { lease, isRenewed } }: ReleaseState) {
  const spec = foundIn(lease)?.spec;
  if (!spec?.holderIdentity) return undefined;
  const { holderIdentity: holder, acquireTime: since, renewTime: renewedAt } = spec;
  return { holder, pod: holder.split('_')[0] ?? holder, since, renewedAt, isAlive: isRenewed === true };
}

/** Whether a replica leads. Only the leader renews. */
export function leaderFindings(state: ReleaseState): readonly StatusFinding[] {
  const { release, nowMs, lease } = state;
  if ('found' in release.workload && release.workload.found.kind === 'CronJob') return [];
  if ('unread' in lease.lease) return [unknown(`the lease cannot be read: ${lease.lease.unread}`)];
  const leader = leaderOf(state);
  const { logs, pods } = commandsFor(release);
  // A replica that is ready shows nothing in its description, and its log contains why it does not lead.
  const isReady = 'found' in release.workload && (release.workload.found.replicas?.ready ?? 0) > 0;
  if (!leader) return [problem('no replica leads, so nothing is renewed: the lease has no holder', logs)];
  const { pod, since = '', renewedAt = '', isAlive } = leader;
  if (!isAlive) {
    const message = `no replica leads, so nothing is renewed: ${pod} renewed the lease last at ${whenOf(Date.parse(renewedAt), nowMs)}`;
    return [problem(message, isReady ? logs : pods)];
  }
  return [ok(`${pod} has led since ${whenOf(Date.parse(since), nowMs)}`)];
}
