import { TAKE_OVER_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { readPullSecretMetadata } from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';
import { credentialsIn, isPullSecretType } from '../pull-test/docker-config.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import type { Secret } from '../cluster/objects.ts';
import { logsCommand, newestEvent, newestEventInNamespace } from './newest-event.ts';
import { isOptInUnknown, isTarget, OPT_IN_UNKNOWN } from './opt-in.ts';
import type { ClusterState } from './cluster-state.ts';

const { ok, problem, unknown, note } = findingsOfStep('secret');

/** Whether the namespace has a pull secret that the kubelet can use. */
export function secretFindings(cluster: ClusterState, nowMs: number): readonly Finding[] {
  const { secret, settings, subject } = cluster;
  const name = `the secret ${settings.secretName}`;
  if ('unread' in secret) return [unknown(`it cannot be read: ${secret.unread}`)];
  if ('missing' in secret) {
    if (!isTarget(cluster)) {
      const begin = `there is no secret ${settings.secretName}`;
      return isOptInUnknown(cluster)
        ? [unknown(`${begin}; whether the namespace gets one ${OPT_IN_UNKNOWN}`)]
        : [note(`${begin}, because the namespace gets none`)];
    }
    return [problem(`${name} does not exist${newestEvent(cluster)}`, logsCommand(cluster))];
  }
  const { found } = secret;
  const deletion = `kubectl delete secret ${settings.secretName} --namespace ${subject.namespace}`;
  if (!isPullSecretType(found.type)) {
    const message = `${name} has the type ${found.type}, and the kubelet only uses kubernetes.io/dockerconfigjson; the type cannot be changed, but the renewer creates a deleted secret again`;
    return [problem(message, deletion)];
  }
  if (credentialsIn(found) === undefined) return [problem(`${name} does not contain a docker config`, deletion)];
  return [stateOf(cluster, found, nowMs)];
}

function stateOf(cluster: ClusterState, { metadata }: Secret, nowMs: number): Finding {
  const { settings, subject } = cluster;
  const name = `the secret ${settings.secretName}`;
  const { expiresAtMs, isOursByMetadata } = readPullSecretMetadata(metadata);
  if (!isOursByMetadata) {
    const takeOver = `if no one needs its credentials, allow the renewer to replace them: kubectl annotate secret ${settings.secretName} --namespace ${subject.namespace} ${TAKE_OVER_ANNOTATION}=enabled`;
    const message = `${name} belongs to somebody else: the renewer did not write it and does not renew it${newestEventInNamespace(cluster) || `; ${takeOver}`}`;
    // To replace it deletes credentials of others, so that is no command to run unread.
    return problem(message, `kubectl describe secret ${settings.secretName} --namespace ${subject.namespace}`);
  }
  if (expiresAtMs === undefined) return unknown(`${name} does not say when its tokens expire`);
  const until = new Date(expiresAtMs).toISOString();
  if (expiresAtMs <= nowMs) {
    return problem(`the tokens in ${name} expired at ${until}${newestEvent(cluster)}`, logsCommand(cluster));
  }
  return ok(`the tokens in ${name} are valid until ${until}`);
}
