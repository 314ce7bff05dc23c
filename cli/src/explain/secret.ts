import { TAKE_OVER_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import { readPullSecretMetadata } from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';
import { credentialsIn, isPullSecretType } from '../pull-test/docker-config.ts';
import type { Finding } from './finding.ts';
import type { Secret } from '../cluster/objects.ts';
import { logsCommand, newestEvent, newestEventInNamespace } from './newest-event.ts';
import { isOptInUnknown, isTarget, OPT_IN_UNKNOWN } from './opt-in.ts';
import type { ClusterState } from './cluster-state.ts';

/** Whether the namespace has a pull secret that the kubelet can use. */
export function secretFindings(cluster: ClusterState, nowMs: number): readonly Finding[] {
  const { secret, settings, subject } = cluster;
  const name = `the secret ${settings.secretName}`;
  if ('unread' in secret) return [{ step: 'secret', state: 'unknown', message: `it cannot be read: ${secret.unread}` }];
  if ('missing' in secret) {
    if (!isTarget(cluster)) {
      const begin = `there is no secret ${settings.secretName}`;
      return isOptInUnknown(cluster)
        ? [{ step: 'secret', state: 'unknown', message: `${begin}; whether the namespace gets one ${OPT_IN_UNKNOWN}` }]
        : [{ step: 'secret', state: 'note', message: `${begin}, because the namespace gets none` }];
    }
    const message = `${name} does not exist${newestEvent(cluster)}`;
    return [{ step: 'secret', state: 'problem', message, command: logsCommand(cluster) }];
  }
  const { found } = secret;
  const place = `--namespace ${subject.namespace}`;
  if (!isPullSecretType(found.type)) {
    const message = `${name} has the type ${found.type}, and the kubelet only uses kubernetes.io/dockerconfigjson; the type cannot be changed, but the renewer creates a deleted secret again`;
    const command = `kubectl delete secret ${settings.secretName} ${place}`;
    return [{ step: 'secret', state: 'problem', message, command }];
  }
  if (credentialsIn(found) === undefined) {
    const command = `kubectl delete secret ${settings.secretName} ${place}`;
    return [{ step: 'secret', state: 'problem', message: `${name} does not contain a docker config`, command }];
  }
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
    const command = `kubectl describe secret ${settings.secretName} --namespace ${subject.namespace}`;
    return { step: 'secret', state: 'problem', message, command };
  }
  if (expiresAtMs === undefined) {
    return { step: 'secret', state: 'unknown', message: `${name} does not say when its tokens expire` };
  }
  const until = new Date(expiresAtMs).toISOString();
  if (expiresAtMs <= nowMs) {
    const message = `the tokens in ${name} expired at ${until}${newestEvent(cluster)}`;
    return { step: 'secret', state: 'problem', message, command: logsCommand(cluster) };
  }
  return { step: 'secret', state: 'ok', message: `the tokens in ${name} are valid until ${until}` };
}
