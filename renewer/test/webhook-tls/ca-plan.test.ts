import t from 'tap';
import { caStatusOf, type ObservedCa } from '../../src/webhook-tls/ca-status.ts';
import { asOf, observePublished } from '../../src/webhook-tls/published-ca-bundle.ts';
import {
  DAY_MS,
  START_MS,
  TIMES,
  secretOf,
  published,
  pemOf,
  instant,
  encode,
  plan,
  old,
  young,
} from '../support/ca-secrets.ts';

t.test('nothing is decided before both the Secret and the bundle are known', (t) => {
  const forever = { kind: 'wait', untilMs: Number.POSITIVE_INFINITY };
  t.same(plan({ kind: 'unknown' }, published(START_MS), START_MS), forever);
  t.same(plan({ kind: 'absent' }, { kind: 'unknown' }, START_MS), forever);
  t.end();
});

t.test('the first CA signs at once, because no API server trusts another one', (t) => {
  const create = { kind: 'create', retainedPem: '' };
  t.same(plan({ kind: 'absent' }, published(START_MS), START_MS), create);
  t.same(plan({ kind: 'absent' }, { kind: 'nowhere' }, START_MS), create);
  t.end();
});

t.test('in a year a rotation takes its steps, and each step waits for its time', (t) => {
  const whole = { signing: old, trusted: [old] };
  const dueMs = START_MS - 3_600_000 + Math.floor((365 * DAY_MS + 3_600_000) * (2 / 3));
  const early = plan(secretOf(whole), published(START_MS, old), START_MS + DAY_MS);
  t.match(early, { kind: 'wait' });
  t.ok(early.kind === 'wait' && Math.abs(early.untilMs - dueMs) < 2_000, 'at two thirds of its life');
  t.match(plan(secretOf(whole), published(START_MS, old), dueMs + 2_000), {
    kind: 'prepare',
    reason: 'due',
    retainedPem: old.certificatePem,
  });

  const nowMs = START_MS + 244 * DAY_MS;
  const both = secretOf({ signing: old, next: young, trusted: [old, young] });
  t.match(plan(both, published(START_MS, old), nowMs), { kind: 'wait' }, 'not published yet');
  const seen = published(nowMs, old, young);
  t.same(plan(both, seen, nowMs + 59_000), { kind: 'wait', untilMs: nowMs + 60_000 });
  t.same(plan(both, seen, nowMs + 60_000), { kind: 'switch', trustedPem: pemOf([old, young]) });

  const annotations = { 'ecr-pull-secrets.io/signing-since': instant(nowMs) };
  const switched = secretOf({ signing: young, trusted: [old, young], annotations });
  const retireMs = nowMs + 14 * DAY_MS;
  t.same(plan(switched, seen, nowMs + DAY_MS), { kind: 'wait', untilMs: retireMs });
  t.same(plan(switched, seen, retireMs), { kind: 'retire', trustedPem: young.certificatePem });
  t.match(plan(secretOf({ signing: young, trusted: [young], annotations }), seen, retireMs), {
    kind: 'wait',
  });
  t.end();
});

t.test('a certificate counts as published only if every webhook has it', (t) => {
  const both = encode(pemOf([old, young]));
  const first = observePublished({ kind: 'unknown' }, [both, encode(old.certificatePem)], 1);
  const known = secretOf({ signing: old, next: young, trusted: [old, young] });
  const nowMs = START_MS + 244 * DAY_MS;
  t.match(plan(known, first, nowMs), { kind: 'wait', untilMs: Number.POSITIVE_INFINITY });
  const second = observePublished(first, [both, both], nowMs);
  t.match(plan(known, second, nowMs + 1), { kind: 'wait', untilMs: nowMs + 60_000 });
  const cleared = observePublished(second, [both, undefined], nowMs + 2);
  const again = observePublished(cleared, [both, both], nowMs + 3);
  t.match(plan(known, again, nowMs + 4), { untilMs: nowMs + 60_003 }, 'counted anew');
  t.same(observePublished(again, [both, both], nowMs + 9), again, 'and not from each look');
  t.end();
});

t.test('if no webhook of ours is called, there is nothing to wait for', (t) => {
  const known = secretOf({ signing: old, next: young, trusted: [old, young] });
  t.same(plan(known, { kind: 'nowhere' }, START_MS + 244 * DAY_MS), {
    kind: 'switch',
    trustedPem: pemOf([old, young]),
  });
  t.end();
});

t.test('a rotation that a person requests comes at its time, and once', (t) => {
  const since = START_MS + DAY_MS;
  const asked = (rotateAtMs: number): ObservedCa =>
    secretOf({
      signing: old,
      trusted: [old],
      annotations: {
        'ecr-pull-secrets.io/signing-since': instant(since),
        'ecr-pull-secrets.io/rotate-at': instant(rotateAtMs),
      },
    });
  const seen = published(START_MS, old);
  const laterMs = since + DAY_MS;
  t.match(plan(asked(laterMs), seen, laterMs), { kind: 'prepare', reason: 'requested' });
  t.same(plan(asked(laterMs), seen, since + 1), { kind: 'wait', untilMs: laterMs });
  t.match(plan(asked(since), seen, laterMs), { kind: 'wait' }, 'that was done');
  t.end();
});

t.test('a CA that is lost is replaced beside what is still trusted', (t) => {
  const lost = { kind: 'prepare', reason: 'lost', retainedPem: old.certificatePem };
  const nowMs = START_MS + DAY_MS;
  t.same(plan({ kind: 'absent' }, published(START_MS, old), nowMs), lost);
  const damaged = { ...old, privateKeyPem: 'x' };
  const view = caStatusOf(secretOf({ signing: damaged, trusted: [old] }), new Date(nowMs));
  t.match(view, { kind: 'present', signing: undefined, problems: [/private key/] });
  t.match(plan(secretOf({ signing: damaged, trusted: [old] }), published(START_MS), nowMs), lost);
  const prepared = secretOf({ next: young, trusted: [old, young] });
  const youngMs = START_MS + 244 * DAY_MS;
  t.same(plan(prepared, published(youngMs, old, young), youngMs + 60_000), {
    kind: 'switch',
    trustedPem: pemOf([old, young]),
  });
  t.end();
});

t.test('a CA that expired by our clock stays trusted, and its successor signs at once', (t) => {
  const nowMs = START_MS + 400 * DAY_MS;
  // The clocks of others may differ: a replica that serves with it must not lose its trust by our mistake.
  t.same(plan(secretOf({ signing: old, trusted: [old] }), published(0, old), nowMs), {
    kind: 'create',
    retainedPem: old.certificatePem,
  });
  t.end();
});

t.test('a clock that was set back during the wait does not make it longer', (t) => {
  const known = secretOf({ signing: old, next: young, trusted: [old, young] });
  const nowMs = START_MS + 244 * DAY_MS;
  const seen = asOf(published(nowMs + 30 * DAY_MS, old, young), nowMs);
  const untilMs = nowMs + TIMES.trustPropagationMs;
  t.same(plan(known, seen, nowMs), { kind: 'wait', untilMs });
  t.equal(asOf(seen, untilMs), seen, 'it is corrected once');
  t.same(plan(known, asOf(seen, untilMs), untilMs), {
    kind: 'switch',
    trustedPem: pemOf([old, young]),
  });
  t.end();
});

t.test('a certificate in another form of PEM is the same certificate', (t) => {
  const nowMs = START_MS + 244 * DAY_MS;
  const loose = { ...young, certificatePem: `${young.certificatePem.trimEnd()}\r\n\r\n` };
  const known = secretOf({ signing: old, next: loose, trusted: [old, young] });
  t.same(plan(known, published(nowMs, old, young), nowMs + TIMES.trustPropagationMs), {
    kind: 'switch',
    trustedPem: pemOf([old, young]),
  });
  t.end();
});

t.test('a next CA that is not usable, or that signs already, counts as absent', (t) => {
  const nowMs = START_MS + DAY_MS;
  const seen = published(START_MS, old);
  const broken = secretOf({ signing: old, next: { ...young, privateKeyPem: 'x' }, trusted: [old] });
  t.match(plan(broken, seen, nowMs), { kind: 'wait' });
  t.match(plan(secretOf({ signing: old, next: old, trusted: [old] }), seen, nowMs), {
    kind: 'wait',
  });
  t.end();
});

t.test('what a later version wrote is used and left alone, unless it is not usable', (t) => {
  const annotations = { 'ecr-pull-secrets.io/format': '2' };
  const seen = published(START_MS, old);
  const dueMs = START_MS + 300 * DAY_MS;
  const known = secretOf({ signing: old, trusted: [old], annotations });
  t.same(plan(known, seen, dueMs), { kind: 'wait', untilMs: Number.POSITIVE_INFINITY });
  t.match(caStatusOf(known, new Date(dueMs)), { signing: old, trustedPem: old.certificatePem });
  const damaged = secretOf({ signing: { ...old, privateKeyPem: '' }, trusted: [old], annotations });
  t.match(plan(damaged, seen, dueMs), { kind: 'prepare', reason: 'lost' });
  t.end();
});
