import t from 'tap';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { isRemovable, OPT_OUT_POLICIES } from '../../../src/pull-secrets/plan/opt-out-policy.ts';
import { type NamespaceState, planNamespace } from '../../../src/pull-secrets/plan/plan-namespace.ts';
import { planWrite } from '../../../src/pull-secrets/plan/plan-write.ts';
import {
  type PullSecretMetadata,
  readPullSecretMetadata,
} from '../../../src/pull-secrets/cache/pull-secret-metadata.ts';

const HOUR_MS = 3_600_000;
const renewedAtMs = Date.parse('2026-01-01T00:00:00Z');
const expiresAtMs = renewedAtMs + 12 * HOUR_MS;
/** Half of the token's life is over. */
const nowMs = renewedAtMs + 6 * HOUR_MS;

/** What is in the secret below already. */
const current = { renewedAtMs, expiresAtMs, planHash: 'r1', isComplete: true };
const renewed = { ...current, renewedAtMs: nowMs, expiresAtMs: nowMs + 12 * HOUR_MS };

const annotationFields = {
  'f:ecr-pull-secrets.io/expires-at': {},
  'f:ecr-pull-secrets.io/renewed-at': {},
  'f:ecr-pull-secrets.io/plan-hash': {},
};

const ourFields = {
  manager: 'ecr-pull-secrets',
  operation: 'Apply',
  fieldsV1: {
    'f:data': { 'f:.dockerconfigjson': {} },
    'f:metadata': { 'f:annotations': annotationFields },
  },
};

function secretMetadata(changes: Partial<ObjectMeta> = {}): ObjectMeta {
  return {
    name: 'ecr-pull-secret',
    namespace: 'a',
    uid: 'u',
    resourceVersion: '7',
    annotations: {
      'ecr-pull-secrets.io/expires-at': '2026-01-01T12:00:00.000Z',
      'ecr-pull-secrets.io/renewed-at': '2026-01-01T00:00:00.000Z',
      'ecr-pull-secrets.io/plan-hash': 'r1',
      'ecr-pull-secrets.io/origin': 'created',
    },
    managedFields: [ourFields],
    ...changes,
  };
}

function stateOf(changes: Partial<ObjectMeta> = {}): PullSecretMetadata {
  return readPullSecretMetadata(secretMetadata(changes));
}

/** A secret whose annotations have these instants. */
function obtained(instants: { atMs: number; expiresAtMs: number }): Partial<ObjectMeta> {
  return {
    annotations: {
      ...secretMetadata().annotations,
      'ecr-pull-secrets.io/expires-at': new Date(instants.expiresAtMs).toISOString(),
      'ecr-pull-secrets.io/renewed-at': new Date(instants.atMs).toISOString(),
    },
  };
}

/** A secret after a docker config was written. */
function after(config: { renewedAtMs: number; expiresAtMs: number }): Partial<ObjectMeta> {
  return obtained({ atMs: config.renewedAtMs, expiresAtMs: config.expiresAtMs });
}

t.test('an absent secret is created at once, and only created', (t) => {
  t.match(planWrite(undefined, current, nowMs), {
    resourceVersion: '1',
    origin: 'created',
    reason: 'absent',
    isUrgent: true,
  });
  t.end();
});

t.test('a secret that holds the current tokens is left alone', (t) => {
  t.equal(planWrite(stateOf(), current, nowMs), undefined);
  t.end();
});

t.test('a secret with older tokens is written at the version that was seen, without hurry', (t) => {
  t.match(planWrite(stateOf(), renewed, nowMs), {
    resourceVersion: '7',
    reason: 'older-token',
    isUrgent: false,
  });
  t.end();
});

t.test('a living secret with newer tokens than ours is never replaced', (t) => {
  const older = { ...current, renewedAtMs: renewedAtMs - HOUR_MS };
  t.equal(planWrite(stateOf(), older, nowMs), undefined);
  t.equal(planWrite(stateOf(), older, expiresAtMs - 1), undefined, 'not even near its end');
  t.equal(planWrite(stateOf(), older, expiresAtMs), undefined, 'nor by tokens that have expired too');
  t.end();
});

t.test('an expired secret yields to tokens that live longer, regardless of its annotated age', (t) => {
  const ahead = obtained({ atMs: renewedAtMs + 10 * HOUR_MS, expiresAtMs: expiresAtMs });
  const living = { ...current, renewedAtMs: renewedAtMs - HOUR_MS, expiresAtMs: expiresAtMs + 1 };
  t.match(planWrite(stateOf(), living, expiresAtMs), { reason: 'expiring', isUrgent: true });
  t.match(planWrite(stateOf(ahead), living, expiresAtMs), { reason: 'expiring', isUrgent: true });
  t.equal(planWrite(stateOf(after(living)), living, expiresAtMs + 1), undefined, 'but once');
  t.end();
});

t.test('what a clock that was ahead wrote is replaced without hurry, by longer life', (t) => {
  const ahead = obtained({ atMs: nowMs + 10 * HOUR_MS, expiresAtMs: nowMs + 12 * HOUR_MS });
  const right = { ...current, renewedAtMs: nowMs, expiresAtMs: nowMs + 12 * HOUR_MS + 1 };
  t.match(planWrite(stateOf(ahead), right, nowMs), { reason: 'older-token', isUrgent: false });
  t.equal(planWrite(stateOf(after(right)), right, nowMs), undefined, 'and then it is right');
  const thawed = { ...current, renewedAtMs: nowMs - HOUR_MS, expiresAtMs: nowMs + 11 * HOUR_MS };
  t.equal(planWrite(stateOf(ahead), thawed, nowMs), undefined, 'not by tokens that die sooner');
  const itself = { ...right, renewedAtMs: nowMs + 10 * HOUR_MS, expiresAtMs: nowMs + 12 * HOUR_MS };
  t.equal(planWrite(stateOf(ahead), itself, nowMs), undefined, 'nor by the same again');
  const nearEndMs = nowMs + 11 * HOUR_MS;
  const newest = { ...current, renewedAtMs: nearEndMs, expiresAtMs: nearEndMs + 12 * HOUR_MS };
  t.match(planWrite(stateOf(ahead), newest, nearEndMs), { reason: 'older-token' });
  t.end();
});

t.test('a secret that claims to live longer than any token counts as edited', (t) => {
  const forever = obtained({ atMs: nowMs, expiresAtMs: Date.UTC(2200, 0) });
  t.match(planWrite(stateOf(forever), current, nowMs), { reason: 'edited', isUrgent: true });
  const lacking = { ...current, isComplete: false };
  t.match(planWrite(stateOf(forever), lacking, nowMs), { reason: 'edited' });
  t.equal(planWrite(stateOf(after(current)), current, nowMs - 24 * HOUR_MS), undefined, 'a clock that was set back');
  t.end();
});

t.test('clocks of two nodes that differ a little are no reason to write', (t) => {
  const minutesAhead = obtained({ atMs: nowMs + 300_000, expiresAtMs: nowMs + 12 * HOUR_MS });
  const older = { ...current, renewedAtMs: nowMs, expiresAtMs: nowMs + 12 * HOUR_MS + 1 };
  t.equal(planWrite(stateOf(minutesAhead), older, nowMs), undefined);
  t.end();
});

t.test('a secret near its end is urgent', (t) => {
  const nearlyDeadMs = expiresAtMs - HOUR_MS;
  t.match(planWrite(stateOf(), renewed, nearlyDeadMs), { reason: 'expiring', isUrgent: true });
  t.end();
});

t.test('other registries or another identity are a reason to write, whatever the ages', (t) => {
  const other = { ...current, planHash: 'r2', renewedAtMs: renewedAtMs - 1 };
  t.match(planWrite(stateOf(), other, nowMs), { reason: 'other-plan-hash', isUrgent: false });
  t.end();
});

t.test('a docker config that lacks a registry replaces only what is absent, edited or expiring', (t) => {
  const lacking = { ...renewed, isComplete: false };
  t.equal(planWrite(stateOf(), lacking, nowMs), undefined);
  t.equal(planWrite(stateOf(), { ...lacking, planHash: 'r2' }, nowMs), undefined);
  t.ok(planWrite(undefined, lacking, nowMs));
  t.ok(planWrite(stateOf({ managedFields: [] }), lacking, nowMs));
  t.ok(planWrite(stateOf(), lacking, expiresAtMs - HOUR_MS));
  t.end();
});

t.test('a secret with a field that another manager owns now is repaired at once', (t) => {
  const without = (annotation: string) => ({
    ...ourFields,
    fieldsV1: {
      ...ourFields.fieldsV1,
      'f:metadata': {
        'f:annotations': Object.fromEntries(Object.entries(annotationFields).filter(([key]) => key !== annotation)),
      },
    },
  });
  const entries = [
    ...Object.keys(annotationFields).map(without),
    { ...ourFields, fieldsV1: { ...ourFields.fieldsV1, 'f:data': {} } },
    { ...ourFields, operation: 'Update' },
    { ...ourFields, manager: 'kubectl-edit' },
    {},
  ];
  for (const entry of entries) {
    const plan = planWrite(stateOf({ managedFields: [entry] }), current, nowMs);
    t.match(plan, { reason: 'edited', origin: 'created', isUrgent: true });
  }
  t.end();
});

t.test('a co-owner that wrote the same value is no reason to write', (t) => {
  const state = stateOf({ managedFields: [{ ...ourFields, manager: 'gitops' }, ourFields] });
  t.equal(planWrite(state, current, nowMs), undefined);
  t.end();
});

t.test('a secret without an origin counts as adopted', (t) => {
  const state = readPullSecretMetadata({ name: 's', namespace: 'a', resourceVersion: '3' });
  t.match(planWrite(state, current, nowMs), { origin: 'adopted', resourceVersion: '3' });
  t.end();
});

t.test('texts that are no instants count as long past', (t) => {
  const annotations = {
    ...secretMetadata().annotations,
    'ecr-pull-secrets.io/expires-at': 'soon',
    'ecr-pull-secrets.io/renewed-at': 'once',
  };
  t.match(planWrite(stateOf({ annotations }), current, nowMs), { reason: 'expiring' });
  t.end();
});

t.test('after an opt-out a secret that we created is removed with its token, others stay', (t) => {
  const adopted = {
    annotations: { ...secretMetadata().annotations, 'ecr-pull-secrets.io/origin': 'adopted' },
  };
  t.notOk(isRemovable(stateOf(), 'expire', expiresAtMs - 1));
  t.ok(isRemovable(stateOf(), 'expire', expiresAtMs));
  t.ok(isRemovable(stateOf(), 'delete', nowMs));
  t.notOk(isRemovable(stateOf(), 'keep', expiresAtMs));
  for (const policy of OPT_OUT_POLICIES) {
    t.notOk(isRemovable(stateOf(adopted), policy, expiresAtMs), `adopted, ${policy}`);
    t.notOk(isRemovable(stateOf({ managedFields: [] }), policy, expiresAtMs), `edited, ${policy}`);
  }
  t.end();
});

t.test('nothing is done in a namespace that is being deleted, nor without a docker config', (t) => {
  const state = {
    isTarget: true,
    isAlive: true,
    secret: undefined,
    ownership: 'ours',
    dockerConfig: { ...current, dockerConfigJson: '{}' },
    emptyDockerConfig: undefined,
  } as const;
  const planFor = (changes: Partial<NamespaceState> = {}, atMs = nowMs) =>
    planNamespace({ ...state, ...changes }, 'expire', atMs);
  t.match(planFor(), { kind: 'write', isUrgent: true });
  t.equal(planFor({ isAlive: false }), undefined);
  t.equal(planFor({ dockerConfig: undefined }), undefined);
  t.equal(planFor({ isTarget: false }), undefined);
  t.match(planFor({ isTarget: false, secret: stateOf() }, expiresAtMs), { kind: 'delete' });
  t.end();
});

/** A secret with credentials of a role, by its plan hash. */
const ofRole: Partial<ObjectMeta> = {
  annotations: { ...secretMetadata().annotations, 'ecr-pull-secrets.io/plan-hash': 'r1.role' },
};

t.test('a role’s credentials are replaced at once when the namespace has no right to them', (t) => {
  const incomplete = { ...current, isComplete: false };
  const revoked = { reason: 'revoked', isUrgent: true, resourceVersion: '7' };
  t.match(planWrite(stateOf(ofRole), incomplete, nowMs), revoked, 'the common ones');
  const another = { ...incomplete, planHash: 'r1.another' };
  t.match(planWrite(stateOf(ofRole), another, nowMs), revoked, 'another role’s');
  const same = { ...incomplete, planHash: 'r2.role' };
  t.equal(planWrite(stateOf(ofRole), same, nowMs), undefined, 'less of the same role waits');
  t.equal(planWrite(stateOf(), { ...another, isComplete: false }, nowMs), undefined, 'or more');
  t.end();
});

t.test('a role’s credentials go even if there are none in their place, and nothing else does', (t) => {
  const emptyDockerConfig = {
    dockerConfigJson: '{"auths":{}}',
    expiresAtMs: nowMs,
    renewedAtMs: nowMs,
    planHash: 'r1',
    isComplete: false,
  };
  const state = {
    isTarget: true,
    isAlive: true,
    secret: stateOf(ofRole),
    ownership: 'ours',
    dockerConfig: undefined,
    emptyDockerConfig,
  } as const;
  const planFor = (changes: Partial<NamespaceState> = {}) => planNamespace({ ...state, ...changes }, 'expire', nowMs);
  t.match(planFor(), { kind: 'write', isUrgent: true, dockerConfig: emptyDockerConfig });
  t.equal(planFor({ emptyDockerConfig: undefined }), undefined, 'after a while');
  t.equal(planFor({ secret: stateOf() }), undefined, 'not the common ones');
  t.equal(planFor({ secret: undefined }), undefined, 'and none is created');
  const edited = stateOf({ ...ofRole, managedFields: [] });
  t.equal(planFor({ secret: edited }), undefined, 'nor content of others');
  t.match(planWrite(stateOf(after(emptyDockerConfig)), renewed, nowMs), { isUrgent: true });
  t.end();
});
