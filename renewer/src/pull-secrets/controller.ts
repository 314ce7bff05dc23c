import type { BackOff } from '@ecr-pull-secrets/shared/runtime/back-off.ts';
import { runReconcileLoop } from '@ecr-pull-secrets/shared/runtime/reconcile-loop.ts';
import { isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import type { RenewerConfiguration } from '../config/configuration.ts';
import type { RenewerDependencies } from '../dependencies.ts';
import { runReflector } from '@ecr-pull-secrets/kube/reflector.ts';
import { createServerPause } from '@ecr-pull-secrets/kube/server-pause.ts';
import { createPlanExecutor } from './apply/execute-plan.ts';
import type { CredentialStore } from '../credentials/credential-store.ts';
import { createForeignSecrets } from './foreign/foreign-secrets.ts';
import { createPullSecretCache } from './cache/cache.ts';
import { type NamespaceReports, REPORT_REASONS } from './events/namespace-reports.ts';
import { roleOf } from './cache/namespace-roles.ts';
import { planWork, type PlannedWork } from './plan/plan-work.ts';
import { contestMessage } from './events/event-messages.ts';
import { createRepairLimiter } from './queue/repair-limiter.ts';
import { createRoleReports } from './events/role-reports.ts';
import { createRotation } from './queue/rotation.ts';
import { countStates, pullSecretStatusOf } from './status/pull-secret-status.ts';
import { createWorkQueue } from './queue/work-queue.ts';
import { WRITE_SLOTS } from './queue/write-slots.ts';

/** A namespace that refuses is asked again ever more rarely: somebody has to change something first. */
const RETRY_REFUSED: BackOff = { baseMs: 5_000, capMs: 300_000 };

/** An API server that is away is back for all namespaces at once, which is not to be missed for long. */
const RETRY_FAILED: BackOff = { baseMs: 1_000, capMs: 15_000 };

/** All namespaces are compared with the clock this often, for secrets that die and tokens that came late. */
const SWEEP_INTERVAL_MS = 30_000;

export interface PullSecretControllerOptions extends RenewerDependencies {
  readonly configuration: RenewerConfiguration;
  readonly credentials: CredentialStore;
  readonly reports: NamespaceReports;
  readonly signal: AbortSignal;
}

export interface PullSecretController {
  /** Follows namespaces and secrets until the signal aborts and the last write is answered. */
  run(): Promise<void>;
}

/**
 * Keeps the pull secret right in every target namespace: at most one write per namespace and reason,
 * decided from metadata alone, but for a secret that may be somebody else's: that one is read first. Pods that cannot
 * pull come first; rotation takes its time.
 */
export function createPullSecretController(
  options: PullSecretControllerOptions,
): PullSecretController {
  const { configuration, client, clock, random, logger, metrics, signal } = options;
  const { credentials, reports } = options;
  const {
    secretName: name,
    optOutPolicy,
    foreignSecretPolicy,
    routineWritesPerSecond,
  } = configuration;
  const queue = createWorkQueue({
    ...WRITE_SLOTS,
    work: reconcile,
    ready: () => pause.over(),
    retry: (error) =>
      isCodedError(error, 'ECRPS_PULL_SECRET_REFUSED') ? RETRY_REFUSED : RETRY_FAILED,
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
  const inventory = createPullSecretCache({
    rule: configuration.namespaceRule,
    allowedRoles: configuration.namespaceRoles,
    changed: (namespace, cause) => {
      // A namespace that refuses its secret is tried again when the secret changes, not at any touch.
      if (cause === 'secret' || !queue.isBackingOff(namespace)) notice(namespace);
      if (cause === 'namespace') roleReports.notice(namespace);
    },
    gone: forget,
    rolesChanged: () => credentials.use(inventory.roles()),
  });
  const pause = createServerPause({ clock, random, signal });
  const repairs = createRepairLimiter({ clock, random });
  const foreign = createForeignSecrets({ policy: foreignSecretPolicy, clock, random });
  const roleReports = createRoleReports({ inventory, credentials, reports });
  const carryOut = createPlanExecutor({
    ...options,
    name,
    repairs,
    foreign,
    pause,
    learn: (namespace, state) => inventory.learn(namespace, state),
  });

  function planFor(namespace: string): PlannedWork | undefined {
    if (!inventory.isComplete()) return undefined;
    const target = inventory.target(namespace);
    const secret = inventory.secret(namespace);
    const due = target && credentials.credentialsFor(roleOf(target));
    const document = due?.kind === 'available' ? due.dockerConfig : undefined;
    return planWork({
      isTarget: target !== undefined,
      isAlive: inventory.isAlive(namespace),
      secret,
      ownership: foreign.ownershipOf(namespace, secret, document),
      document,
      emptyDocument: due?.kind === 'unavailable' ? due.emptyDockerConfig : undefined,
      optOutPolicy,
      nowMs: clock.now(),
    });
  }

  function notice(namespace: string): void {
    const work = planFor(namespace);
    if (!work) reports.clear(namespace, 'PullSecretRefused');
    else if (work.isUrgent) queue.add(namespace, 'urgent');
    else rotation.add(namespace);
    if (inventory.target(namespace)) return;
    // Whoever makes it a target again is to have the report again.
    reports.clear(namespace, 'PullSecretForeign');
    foreign.forgetFinding(namespace);
  }

  async function reconcile(namespace: string, end: AbortSignal): Promise<void> {
    const work = planFor(namespace);
    if (!work) return;
    const waitMs = waitMsOf(namespace, work);
    if (waitMs > 0) return wait(namespace, work, waitMs);
    await carryOut(namespace, work, end);
    // Unless the watch is behind, what was found says what comes next.
    if (work.kind === 'examine' && planFor(namespace)?.kind === 'write') notice(namespace);
  }

  function waitMsOf(namespace: string, work: PlannedWork): number {
    if (work.kind === 'delete') return 0;
    return (work.kind === 'examine' ? foreign : repairs).waitMs(namespace, work.document);
  }

  function wait(namespace: string, work: PlannedWork, waitMs: number): void {
    if (work.kind === 'write') {
      const message = contestMessage(name, namespace);
      reports.report(namespace, { reason: 'PullSecretContested', message });
    }
    queue.addLater(namespace, work.isUrgent ? 'urgent' : 'routine', waitMs);
  }

  /** A namespace of the same name would be another. */
  function forget(namespace: string): void {
    reports.forget(namespace);
    repairs.forget(namespace);
    foreign.forget(namespace);
    queue.forget(namespace);
  }

  function noticeAll(): void {
    if (!inventory.isComplete()) return;
    credentials.use(inventory.roles());
    for (const namespace of repairs.forgetCalm()) reports.clear(namespace, 'PullSecretContested');
    foreign.forgetCalm();
    roleReports.sweep();
    for (const namespace of inventory.namespaces()) {
      if (!queue.isBackingOff(namespace)) notice(namespace);
    }
    reportStates();
  }

  function reportStates(): void {
    const targets = [...inventory.namespaces()].filter((each) => inventory.target(each));
    const states = targets.map((namespace) =>
      pullSecretStatusOf({
        work: planFor(namespace),
        secret: inventory.secret(namespace),
        hasReport: (reason) => reports.has(namespace, reason),
        nowMs: clock.now(),
      }),
    );
    for (const [state, count] of countStates(states)) metrics.secrets.set({ state }, count);
    for (const reason of REPORT_REASONS) {
      metrics.namespaceTroubles.set({ reason }, reports.count(reason));
    }
  }

  const sweep = {
    name: 'Pull secrets',
    inputs: [credentials.changes],
    resyncMs: SWEEP_INTERVAL_MS,
    retry: RETRY_FAILED,
    reconcile: async () => noticeAll(),
  };

  const follow = { client, metadataOnly: true, clock, random, logger, signal } as const;
  return {
    run: async () => {
      const fieldSelector = `metadata.name=${name}`;
      await Promise.all([
        runReflector({ ...follow, ...inventory.ofNamespaces, path: '/api/v1/namespaces' }),
        runReflector({
          ...follow,
          ...inventory.ofSecrets,
          path: '/api/v1/secrets',
          fieldSelector,
        }),
        rotation.run(),
        runReconcileLoop({ clock, random, logger }, sweep, signal),
      ]);
      await queue.stopped();
    },
  };
}
