import { findingsWith } from '../../report/finding.ts';
import { type StatusFinding, whenOf } from '../finding.ts';
import { CHART_LABEL } from '../releases.ts';
import { commandsFor, modeOf, type ReleaseState } from '../release-state.ts';
import type { Replicas, Runs, Workload } from '../workload.ts';

const { ok, problem, unknown, note } = findingsWith({ topic: 'release' });

/** The versions of a release. */
export function versionOf({ metadata: { labels = {} }, containers }: Workload) {
  return {
    version: labels['app.kubernetes.io/version'],
    chart: labels[CHART_LABEL],
    images: [...new Set(containers.flatMap(({ image }) => image ?? []))],
  };
}

/** What is deployed, and whether it runs. */
export function releaseFindings(state: ReleaseState): readonly StatusFinding[] {
  const { workload, namespace, name } = state.release;
  if ('unread' in workload) {
    return [unknown(`the Deployment cannot be read: ${workload.unread}; its settings are assumed`)];
  }
  if ('missing' in workload) {
    const message = `a webhook configuration calls the Service ${namespace}/${name}, but there is no Deployment of this name`;
    return [problem(message, `helm status ${state.release.helmName} --namespace ${namespace}`)];
  }
  const { replicas, runs } = workload.found;
  return [
    ok(describeVersion(state, workload.found)),
    ...(state.invalid === undefined ? [] : [invalidFinding(state, state.invalid)]),
    ...(replicas ? replicaFindings(state, replicas) : []),
    ...(runs ? runFindings(state, runs) : []),
  ];
}

function invalidFinding({ release }: ReleaseState, invalid: string): StatusFinding {
  const message = `the settings of the renewer are invalid, and the defaults are assumed here: ${invalid}`;
  return problem(message, commandsFor(release).logs);
}

function describeVersion(state: ReleaseState, workload: Workload): string {
  const { version = 'unknown', chart, images } = versionOf(workload);
  const from = [...(chart === undefined ? [] : [`chart ${chart}`]), ...images.map((image) => `image ${image}`)];
  const { replicas } = workload;
  const ready = replicas ? `, ${replicas.ready} of ${replicas.wanted} replicas are ready` : '';
  return `version ${version} (${from.join(', ')}), mode ${modeOf(state)}${ready}`;
}

function replicaFindings({ release }: ReleaseState, { wanted, ready, updated }: Replicas): readonly StatusFinding[] {
  const commands = commandsFor(release);
  if (wanted === 0) {
    const message = `the Deployment ${release.name} has 0 replicas: nothing is injected or renewed`;
    return [problem(message, commands.scale)];
  }
  if (ready < wanted) return [problem(`${ready} of ${wanted} replicas are ready`, commands.pods)];
  if (updated >= wanted) return [];
  return [note(`a rollout has replaced ${updated} of ${wanted} replicas`)];
}

function runFindings({ release, nowMs }: ReleaseState, runs: Runs): readonly StatusFinding[] {
  const { schedule, isSuspended, lastStart, lastSuccess } = runs;
  const place = `--namespace ${release.namespace}`;
  if (isSuspended) {
    const command = `kubectl patch cronjob ${release.name} ${place} --patch '{"spec":{"suspend":false}}'`;
    return [problem('the CronJob is suspended: nothing is renewed', command)];
  }
  if (lastStart === undefined) return [note(`the CronJob has not run yet; its schedule is ${schedule}`)];
  const started = whenOf(Date.parse(lastStart), nowMs);
  if (lastSuccess === undefined || Date.parse(lastSuccess) < Date.parse(lastStart)) {
    const before =
      lastSuccess === undefined ? 'none has' : `the last one that has: ${whenOf(Date.parse(lastSuccess), nowMs)}`;
    const message = `the run of ${started} has not succeeded, or not yet; ${before}`;
    return [problem(message, `kubectl get jobs,pods ${place}`)];
  }
  return [ok(`the run of ${started} succeeded; the schedule is ${schedule}`)];
}
