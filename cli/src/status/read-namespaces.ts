import { NAMESPACES_PATH, nameSelector, secretsPath } from '@ecr-pull-secrets/kube/object-names.ts';
import { findOptInMistake, labelsOfMistakes } from '@ecr-pull-secrets/renewer/pull-secrets/cache/opt-in-mistake.ts';
import {
  PULL_SECRET_FIELDS,
  readPullSecretMetadata,
} from '@ecr-pull-secrets/renewer/pull-secrets/cache/pull-secret-metadata.ts';
import { isTarget } from '@ecr-pull-secrets/renewer/pull-secrets/cache/target-namespaces.ts';
import { SCALAR, scalarsOf } from '@ecr-pull-secrets/shared/json/select-json.ts';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import type { Webhook } from '../cluster/objects.ts';
import type { Read } from '../cluster/read.ts';
import type { Reader } from '../cluster/reader.ts';
import { fulfils } from '@ecr-pull-secrets/shared/label-requirement.ts';
import { requirementsOf } from '../cluster/selector.ts';
import { type ListedNamespace, type ListedSecret, type NamespaceOverview, overviewOf } from './namespace-state.ts';
import type { Settings } from './settings.ts';

/**
 * Lists the metadata of all namespaces and of their pull secrets, in pages, and keeps a few values of each.
 *
 * @param webhook - with its selector; without one the opt-in label decides
 */
export async function readNamespaces(
  reader: Reader,
  { rule, secretName }: Settings,
  webhook: Webhook | undefined,
  nowMs: number,
): Promise<Read<NamespaceOverview>> {
  const requirements = requirementsOf(webhook?.namespaceSelector ?? {});
  const ofSelectors = [...rule.selector.keys, ...requirements.map(({ key }) => key)];
  const labels = scalarsOf([...new Set([...ofSelectors, ...labelsOfMistakes(rule)])]);
  const isInjected = (metadata: ObjectMeta): boolean =>
    webhook
      ? requirements.every((requirement) => fulfils(metadata.labels ?? {}, requirement))
      : rule.selector.matches(metadata.labels ?? {});
  const [namespaces, secrets] = await Promise.all([
    reader.listMetadata('list namespaces', {
      path: NAMESPACES_PATH,
      metadataFields: { labels, creationTimestamp: SCALAR },
      reduce: ({ metadata }): ListedNamespace => ({
        name: metadata.name,
        createdAtMs: Date.parse(metadata.creationTimestamp ?? ''),
        isTarget: isTarget(metadata, rule),
        isInjected: isInjected(metadata),
        mistake: findOptInMistake(metadata, rule)?.kind,
      }),
    }),
    reader.listMetadata(`list secrets in all namespaces (of the name ${secretName})`, {
      path: secretsPath(),
      fieldSelector: nameSelector(secretName),
      metadataFields: PULL_SECRET_FIELDS,
      reduce: ({ metadata }): ListedSecret => {
        const { isUntouched, isOursByMetadata, expiresAtMs, renewedAtMs } = readPullSecretMetadata(metadata);
        return { namespace: metadata.namespace ?? '', isUntouched, isOursByMetadata, expiresAtMs, renewedAtMs };
      },
    }),
  ]);
  if (!('found' in namespaces)) return namespaces;
  if (!('found' in secrets)) return secrets;
  return { found: overviewOf(namespaces.found, secrets.found, nowMs) };
}
