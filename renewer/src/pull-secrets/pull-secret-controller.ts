import type { BackOff } from '@ecr-pull-secrets/shared/back-off.ts';
import { type ApiError, isApiError, isNamespaceTerminating } from '../kube/api-error.ts';
import type { RenewerContext } from '../context.ts';
import { listWatch } from '../kube/list-watch.ts';
import type { Identity } from '../registry-tokens/registries.ts';
import { applyPullSecret, deletePullSecret } from './apply-pull-secret.ts';
import type { Documents } from './documents.ts';
import { createInventory } from './inventory.ts';
import type { NamespaceReports } from './namespace-reports.ts';
import type { NamespaceIdentity } from './namespace-roles.ts';
import { planWork, type PlannedWork } from './plan-work.ts';
import { readPullSecretState } from './pull-secret-state.ts';
import { refusalMessage, roleRefusalMessage } from './refusal-message.ts';
import { createRotation } from './rotation.ts';
import { createWorkQueue } from './work-queue.ts';

/** Writes at once: enough to fill ten thousand namespaces in minutes, few enough to be polite. */
const CONCURRENCY = 10;

/** A namespace that refuses is asked again ever more rarely. */
const RETRY_REFUSED: BackOff = { baseMs: 1_000, capMs: 300_000 };

/** An API server that is away is back for all namespaces at once, which is not to be missed for long. */
const RETRY_FAILED: BackOff = { baseMs: 1_000, capMs: 15_000 };

/** Forbidden and unprocessable are a namespace's own matter; 400 or 401 would be ours, everywhere at once. */
const REFUSALS = new Set([403, 422]);

/** While the API server is away each worker asks once in this time, however many namespaces wait. */
const UNREACHABLE_PAUSE_MS = 1_000;

/** No `Retry-After` keeps a worker longer. */
const LONGEST_PAUSE_MS = 30_000;

/** All namespaces are compared with the clock this often, for secrets that die and tokens that came late. */
const SWEEP_INTERVAL_MS = 30_000;

export interface PullSecretControllerOptions
  extends Pick<
    RenewerContext,
    'configuration' | 'client' | 'clock' | 'random' | 'logger' | 'metrics'
  > {
  readonly documents: Documents;
  readonly reports: NamespaceReports;
  /** Told of the roles that namespaces use, whenever there are others. */
  readonly onRoles: (roles: readonly Identity[]) => void;
  readonly signal: AbortSignal;
}

export interface PullSecretController {
  /** The documents changed: whatever is due now is written. */
  documentsChanged(): void;
  /** Follows namespaces and secrets until the signal aborts and the last write is answered. */
  run(): Promise<void>;
}

/**
 * Keeps the pull secret right in every target namespace: at most one write per namespace and reason,
 * decided from metadata alone. Pods that cannot pull come first; rotation takes its time.
 */
export function createPullSecretController(
  options: PullSecretControllerOptions,
): PullSecretController {
  const { configuration, client, clock, random, logger, metrics, signal } = options;
  const { documents, reports, onRoles } = options;
  const { secretName: name, optOutPolicy, routineWritesPerSecond } = configuration;
  const queue = createWorkQueue({
    work: reconcile,
    concurrency: CONCURRENCY,
    retry: (error) => (isRefusal(error) ? RETRY_REFUSED : RETRY_FAILED),
    clock,
    random,
    signal,
  });
  const rotation = createRotation({
    writesPerSecond: routineWritesPerSecond,
    hasRoom: () => queue.hasRoom(),
    start: (namespace) => queue.add(namespace, 'routine'),
    clock,
    signal,
  });
  const inventory = createInventory({
    rule: configuration.namespaceRule,
    allowedRoles: configuration.namespaceRoles,
    changed: (namespace, cause) => {
      // A namespace that refuses its secret is tried again when the secret changes, not at any touch.
      if (cause === 'secret' || !queue.isBackingOff(namespace)) notice(namespace);
      if (cause === 'namespace') noticeRole(namespace);
    },
    gone: (namespace) => reports.forget(namespace),
    rolesChanged: () => onRoles([...inventory.roles()]),
  });

  function planFor(namespace: string): PlannedWork | undefined {
    if (!inventory.isComplete()) return undefined;
    const target = inventory.target(namespace);
    return planWork({
      isTarget: target !== undefined,
      isAlive: inventory.isAlive(namespace),
      secret: inventory.secret(namespace),
      document: target && documents.documentFor(roleOf(target)),
      optOutPolicy,
      nowMs: clock.now(),
    });
  }

  function notice(namespace: string): void {
    const work = planFor(namespace);
    if (!work) reports.clear(namespace, 'PullSecretRefused');
    else if (work.isUrgent) queue.add(namespace, 'urgent');
    else rotation.add(namespace);
  }

  function noticeRole(namespace: string): void {
    const target = inventory.target(namespace);
    if (target?.kind !== 'refused') return reports.clear(namespace, 'RoleRefused');
    const message = roleRefusalMessage(target.roleArn, namespace);
    void reports.report(namespace, { reason: 'RoleRefused', message });
  }

  async function reconcile(namespace: string): Promise<void> {
    const work = planFor(namespace);
    if (!work) return;
    try {
      await perform(namespace, work);
    } catch (error) {
      await handleFailure(namespace, error);
      throw error;
    }
    reports.clear(namespace, 'PullSecretRefused');
  }

  async function perform(namespace: string, work: PlannedWork): Promise<void> {
    const target = { client, namespace, name, signal };
    if (work.kind === 'delete') {
      await deletePullSecret(target, work.secret);
      metrics.secretWrites.inc({ result: 'deleted' });
      return logger.info({ namespace }, 'removed the pull secret of a namespace that opted out');
    }
    const metadata = await applyPullSecret(target, work.document, work.write);
    inventory.learn(namespace, readPullSecretState(metadata));
    metrics.secretWrites.inc({ result: 'success' });
    logger.info({ namespace, reason: work.write.reason }, 'wrote the pull secret');
  }

  async function handleFailure(namespace: string, error: unknown): Promise<void> {
    if (signal.aborted) return;
    // A namespace that goes takes its secret along, of which the other watch may tell first.
    if (isApiError(error, 404) || isNamespaceTerminating(error)) return;
    if (isApiError(error, 409)) {
      metrics.secretWrites.inc({ result: 'conflict' });
      return logger.debug({ namespace }, 'the pull secret changed meanwhile; looking again');
    }
    metrics.secretWrites.inc({ result: isRefusal(error) ? 'refused' : 'error' });
    if (isRefusal(error)) {
      const message = refusalMessage(error, name);
      return reports.report(namespace, { reason: 'PullSecretRefused', message });
    }
    logger.warn({ err: error, namespace }, 'writing the pull secret failed; will retry');
    // A worker that waits is one writer fewer, which is what a busy API server asks for.
    await clock.sleep(pauseMsAfter(error), signal);
  }

  function noticeAll(): void {
    let pending = 0;
    const all = [...inventory.namespaces()];
    for (const namespace of all) {
      if (planFor(namespace)) pending++;
      if (!queue.isBackingOff(namespace)) notice(namespace);
    }
    const refused = reports.count('PullSecretRefused');
    metrics.secrets.set({ state: 'refused' }, refused);
    metrics.secrets.set({ state: 'pending' }, Math.max(pending - refused, 0));
    metrics.secrets.set({ state: 'current' }, Math.max(all.length - Math.max(pending, refused), 0));
  }

  async function sweep(): Promise<void> {
    while (!signal.aborted) {
      noticeAll();
      await clock.sleep(SWEEP_INTERVAL_MS, signal);
    }
  }

  const follow = { client, metadataOnly: true, clock, random, logger, signal } as const;
  return {
    documentsChanged: noticeAll,
    run: async () => {
      const fieldSelector = `metadata.name=${name}`;
      await Promise.all([
        listWatch({ ...follow, path: '/api/v1/namespaces', handler: inventory.namespaceHandler }),
        listWatch({
          ...follow,
          path: '/api/v1/secrets',
          fieldSelector,
          handler: inventory.secretHandler,
        }),
        rotation.run(),
        sweep(),
      ]);
      await queue.stopped();
    },
  };
}

function isRefusal(error: unknown): error is ApiError {
  return isApiError(error) && REFUSALS.has(error.status);
}

/** How long the worker that met this failure rests. */
function pauseMsAfter(error: unknown): number {
  if (!isApiError(error)) return UNREACHABLE_PAUSE_MS;
  return Math.min(error.retryAfterMs ?? 0, LONGEST_PAUSE_MS);
}

function roleOf(target: NamespaceIdentity): Identity | undefined {
  return target.kind === 'role' ? target.role : undefined;
}
