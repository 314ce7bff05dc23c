import t, { type Test } from 'tap';
import type { StatusFinding } from '../../src/status/finding.ts';
import type { ReleaseState } from '../../src/status/release-state.ts';
import { settingsOf } from '../../src/status/settings.ts';
import { fenceFindings } from '../../src/status/topics/fence.ts';
import { leaderFindings } from '../../src/status/topics/leader.ts';
import { namespaceFindings } from '../../src/status/topics/namespaces.ts';
import { releaseFindings } from '../../src/status/topics/release.ts';
import { tokenFindings } from '../../src/status/topics/tokens.ts';
import { type CronJobObject, workloadOfCronJob, workloadOfDeployment } from '../../src/status/workload.ts';
import { at, checkpointWith, deploymentWith, FENCE, overviewWith, releaseWith, stateWith } from './support/state.ts';

type Case = readonly [changes: Partial<ReleaseState>, state: string, message: RegExp, command?: RegExp];

/** Each case has a finding of this state, with this message and this command. */
function check(t: Test, findingsOf: (state: ReleaseState) => readonly StatusFinding[], cases: readonly Case[]): void {
  for (const [changes, state, message, command] of cases) {
    const findings = findingsOf(stateWith(changes));
    const found = findings.find((finding) => finding.state === state && message.test(finding.message));
    t.ok(found, `${state} ${message}: ${JSON.stringify(findings)}`);
    if (command) t.match(found?.command, command);
    else t.equal(found?.command, undefined);
  }
}

function replicasOf(wanted: number, ready: number, updated: number): Partial<ReleaseState> {
  const { spec } = deploymentWith();
  const status = { readyReplicas: ready, updatedReplicas: updated };
  const deployment = deploymentWith({ spec: { ...spec, replicas: wanted }, status });
  return { release: releaseWith({ found: workloadOfDeployment(deployment) }) };
}

/** A release with a CronJob. */
function cronJobWith(status: CronJobObject['status'], suspend = false): Partial<ReleaseState> {
  const { metadata, spec } = deploymentWith();
  const container = { name: 'k8s-ecr-login-renew', env: [{ name: 'TARGET_NAMESPACE', value: 'a,b' }] };
  const jobTemplate = { spec: { template: { spec: { ...spec.template.spec, containers: [container] } } } };
  const cronJob = { metadata, spec: { schedule: '0 */6 * * *', suspend, jobTemplate }, ...(status ? { status } : {}) };
  return { release: releaseWith({ found: workloadOfCronJob(cronJob) }) };
}

t.test('the release: what is deployed, and whether it runs', async (t) => {
  const version = /version 0\.1\.0 \(chart ecr-pull-secrets-0\.1\.0, image example\/.*0\.1\.0\), mode webhook, 2 of 2/;
  check(t, releaseFindings, [
    [{}, 'ok', version],
    [{ invalid: '"x" is no label selector' }, 'problem', /settings of the renewer are invalid.*"x"/, /^kubectl logs/],
    [replicasOf(0, 0, 0), 'problem', /has 0 replicas/, /^kubectl scale deployment\/ecr-pull-secrets /],
    [replicasOf(2, 1, 2), 'problem', /1 of 2 replicas are ready/, /^kubectl describe pods /],
    [replicasOf(2, 2, 1), 'note', /a rollout has replaced 1 of 2/],
    [{ release: releaseWith({ unread: 'you lack the right' }) }, 'unknown', /cannot be read: you lack the right/],
    [{ release: releaseWith({ missing: true }) }, 'problem', /no Deployment of this name/, /^helm status /],
  ]);
  const started = { lastScheduleTime: at(-1) };
  check(t, releaseFindings, [
    [cronJobWith({ ...started, lastSuccessfulTime: at(-0.9) }), 'ok', /the run of .* succeeded/],
    [cronJobWith({ ...started, lastSuccessfulTime: at(-7) }), 'problem', /has not succeeded/, /^kubectl get jobs/],
    [cronJobWith(started), 'problem', /none has/, /^kubectl get jobs/],
    [cronJobWith({}), 'note', /has not run yet/],
    [cronJobWith({ ...started, lastSuccessfulTime: at(-0.9) }, true), 'problem', /suspended/, /^kubectl patch cronjob/],
    [cronJobWith({}), 'ok', /mode cronjob/],
  ]);
});

t.test('the leader: whether a replica leads', async (t) => {
  const { lease } = stateWith().lease;
  const released = { found: { metadata: { name: 'ecr-pull-secrets' }, spec: { holderIdentity: '' } } };
  check(t, leaderFindings, [
    [{}, 'ok', /^pod-1 has led since 2026-11-29T06:00:00Z \(30 h ago\)$/],
    [
      { ...replicasOf(2, 0, 2), lease: { lease, isRenewed: false } },
      'problem',
      /pod-1 renewed the lease last at/,
      /^kubectl describe pods/,
    ],
    // A description of pods that are ready shows nothing.
    [{ lease: { lease, isRenewed: false } }, 'problem', /pod-1 renewed the lease last at/, /^kubectl logs/],
    [{ lease: { lease: released, isRenewed: false } }, 'problem', /has no holder/, /^kubectl logs/],
    [{ lease: { lease: { missing: true }, isRenewed: undefined } }, 'problem', /has no holder/, /^kubectl logs/],
    [{ lease: { lease: { unread: 'no right' }, isRenewed: undefined } }, 'unknown', /no right/],
  ]);
  t.same(leaderFindings(stateWith(cronJobWith({}))), []);
});

t.test('the tokens: their expiry, and whether they are renewed', async (t) => {
  const role = 'arn:aws:iam::210987654321:role/pull';
  const expired = overviewWith({ states: { ...overviewWith().states, expired: 1 } });
  check(t, tokenFindings, [
    [{}, 'ok', /^the token for 123456789012\S+ expires at .*\(in 11 h\) and is renewed by 2026-11-30T17:00:00Z/],
    [
      { checkpoint: checkpointWith({ age: 1, role }) },
      'ok',
      /of the role arn:aws:iam::210987654321:role\/pull expires/,
    ],
    [{ checkpoint: checkpointWith({ age: 7 }) }, 'problem', /its renewal was due at .*\(60 min ago\)/, /^kubectl logs/],
    [{ checkpoint: checkpointWith({ age: 13 }) }, 'problem', /expired at /, /^kubectl logs/],
    [{ checkpoint: checkpointWith({ age: 1 }, { age: 7, role }) }, 'note', /no namespace uses it any more, or AWS/],
    [
      { checkpoint: checkpointWith({ age: 1 }, { age: 7, role }), namespaces: { found: expired } },
      'problem',
      /role\/pull .*renewal was due/,
      /^kubectl logs/,
    ],
    [{ checkpoint: { missing: true } }, 'problem', /no token: there is no Secret/, /^kubectl logs/],
    [{ checkpoint: checkpointWith() }, 'problem', /^the registry of the account has no token$/, /^kubectl logs/],
    [
      { events: { unread: 'no right to list events' } },
      'note',
      /refuses a token is not known, .* no right to list events$/,
    ],
    [{ registries: { unread: 'no right' } }, 'unknown', /configured registries cannot be read: no right/],
    [{ checkpoint: { unread: 'no right' } }, 'unknown', /no right/],
    [{ checkpoint: { found: { metadata: { name: 'x' } } } }, 'note', /older version .*first token .*\(in 9 h\)/],
    [{ checkpoint: checkpointWith(...Array.from({ length: 12 }, () => ({ age: 1 }))) }, 'note', /and 2 more tokens/],
  ]);
});

function eventOf(type: string, minutes: number, message: string) {
  return { type, reason: 'AwsRefusedToken', message, lastTimestamp: at(minutes / 60) };
}

t.test('the tokens: a configured registry without one, with the words of the renewer', async (t) => {
  const host = '222222222222.dkr.ecr.eu-west-1.amazonaws.com';
  const registries = { found: [{ host }] };
  const warned = { found: [eventOf('Warning', -1, `AWS refuses ${host}`), eventOf('Warning', 0, 'of another one')] };
  const renewed = { found: [...warned.found, eventOf('Normal', 1, `got ${host}`)] };
  const begin = '222222222222\\.dkr\\.ecr\\.eu-west-1\\.amazonaws\\.com has no token';
  check(t, tokenFindings, [
    [{ registries }, 'problem', new RegExp(`^${begin}$`), /^kubectl logs/],
    [
      { registries, events: warned },
      'problem',
      /has no token \(AwsRefusedToken: AWS refuses 2222.*\)$/,
      /^kubectl logs/,
    ],
    [{ registries, events: renewed }, 'problem', new RegExp(`^${begin}$`), /^kubectl logs/],
    [
      { checkpoint: { missing: true }, events: warned },
      'problem',
      /-tokens \(AwsRefusedToken: of another/,
      /^kubectl logs/,
    ],
  ]);
});

t.test('the tokens: a registry that refuses a token, until registries accept one', async (t) => {
  const refused = {
    ...eventOf('Warning', -5, 'The new token "ecr" does not log in at 2222'),
    reason: 'RegistryRefusedToken',
  };
  const renewed = { ...eventOf('Normal', -4, 'The new token "ecr" logs in'), reason: 'RegistryTokenRenewed' };
  const found = [refused, eventOf('Warning', -3, 'another')];
  const message = /^at .* \(5 min ago\): The new token "ecr" does not log in at 2222$/;
  check(t, tokenFindings, [[{ events: { found } }, 'problem', message, /^kubectl logs/]]);
  const after = tokenFindings(stateWith({ events: { found: [...found, renewed] } }));
  t.notOk(after.some(({ state }) => state === 'problem'));
  const others = [
    { ...renewed, message: 'The new token "other" logs in at 3333' },
    { ...renewed, message: 'The renewer gets tokens for 2222 with its AWS identity again.' },
  ];
  check(t, tokenFindings, [[{ events: { found: [...found, ...others] } }, 'problem', message, /^kubectl logs/]]);
  const both = {
    events: { found: [refused, eventOf('Warning', -3, 'The renewer gets no token for 3333 with its AWS identity.')] },
  };
  check(t, tokenFindings, [
    [both, 'problem', message, /^kubectl logs/],
    [both, 'problem', /: The renewer gets no token for 3333 with its AWS identity\.$/, /^kubectl logs/],
  ]);
});

t.test('the tokens: AWS gives none any more, while those in use are valid', async (t) => {
  const refused = eventOf('Warning', -5, 'The renewer gets no token for 2222 with its AWS identity.');
  const renewed = {
    ...eventOf('Normal', -4, 'The renewer gets tokens for 2222 with its AWS identity again.'),
    reason: 'RegistryTokenRenewed',
  };
  const message = /^at .* \(5 min ago\): The renewer gets no token for 2222 with its AWS identity\.$/;
  check(t, tokenFindings, [[{ events: { found: [refused] } }, 'problem', message, /^kubectl logs/]]);
  const ofRole = eventOf(
    'Warning',
    -3,
    'The renewer gets no token for 2222 with the role arn:aws:iam::2222:role/payments.',
  );
  for (const found of [[refused, renewed], [ofRole]]) {
    const findings = tokenFindings(stateWith({ events: { found } }));
    t.notOk(findings.some(({ state }) => state === 'problem'));
  }
});

function ledSince(minutes: number): ReleaseState['lease'] {
  const spec = { holderIdentity: 'pod-1_uid', acquireTime: at(minutes / 60), renewTime: at(0) };
  return { lease: { found: { metadata: { name: 'x' }, spec } }, isRenewed: true };
}

t.test('the tokens: what an earlier leader reported is over', async (t) => {
  const event = { ...eventOf('Warning', -5, 'The new token "ecr" does not log in'), reason: 'RegistryRefusedToken' };
  const problemsOf = (lease: ReleaseState['lease']) =>
    tokenFindings(stateWith({ events: { found: [event] }, lease })).filter(({ state }) => state === 'problem').length;
  t.equal(problemsOf(ledSince(-4)), 0);
  t.equal(problemsOf(ledSince(-4.99)), 1, 'in the same second');
  t.equal(problemsOf(ledSince(-6)), 1);
  t.equal(problemsOf({ lease: { unread: 'no right' }, isRenewed: undefined }), 1);
});

t.test('the namespaces: how many are good, and the worst by name', async (t) => {
  const states = { ...overviewWith().states, expired: 1, missing: 2, current: 1997, pending: 1 };
  const worst = [
    { name: 'a', state: 'expired', expiresAtMs: Date.parse(at(-2)) },
    { name: 'b', state: 'missing', expiresAtMs: undefined },
  ] as const;
  const bad = { namespaces: { found: overviewWith({ total: 2001, states, worst }) } };
  const some = [
    { name: 'c', mistake: 'misspelt' },
    { name: 'd', mistake: 'excluded' },
  ] as const;
  const withoutEffect = { total: 3, some };
  const reasons = new Map([['b', { reason: 'PullSecretRefused', message: 'exceeded quota' }]]);
  const long = new Map([['b', { reason: 'PullSecretRefused', message: 'x'.repeat(201) }]]);
  check(t, namespaceFindings, [
    [{}, 'ok', /^2 of 2 namespaces have a current secret; the first token expires at .*\(in 9 h\)$/],
    [{ ...bad, reasons: long }, 'problem', /x{200}…/, /explain a$/],
    [{ ...bad, reasons }, 'problem', /^3 of 2001 namespaces .*: a: .* expired.*\(2 h ago\); b: /, /explain a$/],
    [
      { ...bad, reasons },
      'problem',
      /b: there is no secret \(PullSecretRefused: exceeded quota\); and 1 more$/,
      /explain a$/,
    ],
    [bad, 'ok', /1997 of 2001 .*, 1 is new/],
    [
      { namespaces: { found: overviewWith({ total: 0, withoutEffect: { total: 1, some: some.slice(0, 1) } }) } },
      'problem',
      /^the opt-in of 1 namespace has no effect: c: the label is probably misspelt$/,
      /explain c$/,
    ],
    [
      { namespaces: { found: overviewWith({ total: 0, withoutEffect }) } },
      'problem',
      /^the opt-in of 3 namespaces has no effect: c: .* misspelt; d: excludeNamespace excludes it; and 1 more$/,
      /explain c$/,
    ],
    [{ namespaces: { found: overviewWith({ total: 0 }) } }, 'note', /none has the label ecr-pull-secrets\.io\/inject=/],
    [{ namespaces: { unread: 'no right' } }, 'unknown', /no right/],
  ]);
});

t.test('the fence: whether the policies limit the ServiceAccount', async (t) => {
  const [first, ...others] = FENCE.policies.found;
  const about = {
    ...first?.spec,
    matchConditions: [{ name: 'is-our-own-identity', expression: '"system:serviceaccount:other:x"' }],
  };
  const named = { metadata: { name: 'ecr-pull-secrets-secrets' } };
  const withFirst = (spec: object) => ({ ...FENCE, policies: { found: [{ ...named, spec }, ...others] } });
  const audited = FENCE.bindings.found.map((binding) => ({
    ...binding,
    spec: { ...binding.spec, validationActions: ['Audit'] },
  }));
  const upgrade = /^helm upgrade ecr-pull-secrets /;
  check(t, fenceFindings, [
    [{}, 'ok', /^3 admission policies/],
    [
      { settings: settingsOf({ FENCE: 'off' }), policies: { ...FENCE, policies: { found: [] } } },
      'note',
      /fence\.enabled/,
    ],
    [{ policies: { ...FENCE, policies: { found: others } } }, 'problem', /no policy …-secrets/, upgrade],
    [{ policies: { ...FENCE, bindings: { found: [] } } }, 'problem', /-secrets has no binding/, upgrade],
    [{ policies: { ...FENCE, bindings: { found: audited } } }, 'problem', /does not deny/, upgrade],
    [{ policies: withFirst(about) }, 'problem', /another ServiceAccount/, upgrade],
    [{ policies: withFirst({ ...first?.spec, failurePolicy: 'Ignore' }) }, 'problem', /Ignore/, upgrade],
    [{ policies: { ...FENCE, bindings: { unread: 'no right' } } }, 'unknown', /no right/],
  ]);
  const { policies, bindings } = FENCE;
  const inCronJob = { ...FENCE, policies: { found: policies.found.slice(0, 1) }, bindings };
  t.match(fenceFindings(stateWith({ ...cronJobWith({}), policies: inCronJob })), [{ state: 'ok' }]);
});
