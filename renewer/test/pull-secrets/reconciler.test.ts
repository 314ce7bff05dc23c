import type { KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import t from 'tap';
import type { PlanResult } from '../../src/pull-secrets/apply/execute-plan.ts';
import type { NamespaceProblems } from '../../src/pull-secrets/events/namespace-problems.ts';
import { createOwnershipTracker } from '../../src/pull-secrets/foreign/ownership.ts';
import type { Plan } from '../../src/pull-secrets/plan/plan-namespace.ts';
import { createAttemptLimiter } from '../../src/pull-secrets/queue/attempt-limiter.ts';
import { createReconciler } from '../../src/pull-secrets/reconciler.ts';

const { signal } = new AbortController();

const dockerConfig = {
  dockerConfigJson: '{"auths":{}}',
  expiresAtMs: 0,
  renewedAtMs: 0,
  planHash: 'h',
  isComplete: true,
};

const secret = {
  uid: 'u',
  resourceVersion: '7',
  isUntouched: true,
  isOursByMetadata: false,
  expiresAtMs: undefined,
  renewedAtMs: undefined,
  planHash: undefined,
  origin: undefined,
};

const write: Plan = {
  kind: 'write',
  isUrgent: true,
  write: { resourceVersion: '1', origin: 'created', reason: 'absent', isUrgent: true },
  dockerConfig,
};

const readOwner: Plan = { kind: 'read-owner', isUrgent: false, secret, dockerConfig };

/** A reconciler that finds these plans one after the other. */
function start(...plans: readonly (Plan | undefined)[]) {
  const clock = createFakeClock();
  const limits = { clock, random: () => 1 };
  const requests: string[] = [];
  const results: PlanResult['kind'][] = [];
  const reported: string[] = [];
  const client: KubeClient = {
    request: (request) => {
      requests.push(request.method);
      const body = { metadata: { name: 's', resourceVersion: '8' }, items: [] };
      return 'parse' in request
        ? Promise.resolve(request.parse(Buffer.from(JSON.stringify(body))))
        : Promise.resolve(JSON.parse(JSON.stringify(body)));
    },
    stream: () => Promise.reject(new Error('unused')),
    close: () => Promise.resolve(),
  };
  const problems: NamespaceProblems = {
    report: (_, { reason }) => void reported.push(reason),
    resolve: () => undefined,
    forget: () => undefined,
    has: () => false,
    counts: () => [],
  };
  const repairs = createAttemptLimiter(limits);
  const foreign = createOwnershipTracker(limits, { foreignSecretPolicy: 'leave' });
  const remaining = [...plans];
  const reconcile = createReconciler(
    {
      client,
      clock,
      planFor: () => remaining.shift(),
      repairs,
      foreign,
      problems,
      recordResult: (_, { kind }) => void results.push(kind),
    },
    { pullSecretName: 's' },
  );
  return { reconcile: () => reconcile('a', signal), repairs, requests, results, reported };
}

t.test('a namespace without a plan costs no request', async (t) => {
  const { reconcile, requests } = start(undefined);
  t.equal(await reconcile(), undefined);
  t.same(requests, []);
});

t.test('a due write is one request, whose result is recorded', async (t) => {
  const { reconcile, requests, results } = start(write);
  t.equal(await reconcile(), undefined);
  t.same(requests, ['PATCH']);
  t.same(results, ['written']);
});

t.test('a repair that must wait is requeued and reported, without a request', async (t) => {
  const { reconcile, repairs, requests, reported } = start(write);
  for (let repair = 0; repair < 4; repair++) repairs.written('a', dockerConfig);
  t.same(await reconcile(), { priority: 'urgent', afterMs: 1_000 });
  t.same(requests, []);
  t.same(reported, ['PullSecretContested']);
});

t.test('a read is followed by the write at once if the secret is ours', async (t) => {
  const { reconcile, requests, results } = start(readOwner, write);
  t.same(await reconcile(), { priority: 'routine', afterMs: 0 });
  t.same(requests, ['GET']);
  t.same(results, ['examined']);
  const foreign = start(readOwner, undefined);
  t.equal(await foreign.reconcile(), undefined, 'and by nothing if it is foreign');
});
