import t from 'tap';
import type { CaSecret } from '../../src/webhook-tls/ca-secret.ts';
import { caStatusOf } from '../../src/webhook-tls/ca-status.ts';
import { createTrustRetention } from '../../src/webhook-tls/trust-retention.ts';
import { asOf, observePublished } from '../../src/webhook-tls/published-ca-bundle.ts';
import {
  DAY_MS,
  START_MS,
  TIMES,
  type Content,
  secretOf,
  published,
  pemOf,
  instant,
  encode,
  plan,
  make,
  old,
  young,
} from '../support/ca-secrets.ts';

function stuckness(content: Content, changes: object): unknown {
  const known = secretOf(content);
  if (known.kind !== 'present') return undefined;
  const secret = { ...known.secret, ...changes };
  const view = caStatusOf({ kind: 'present', secret }, new Date(START_MS));
  return view.kind === 'present' && view.isStuck;
}

t.test('nothing is decided before both the Secret and the bundle are known', (t) => {
  const forever = { kind: 'wait', untilMs: Number.POSITIVE_INFINITY };
  t.same(plan({ kind: 'unknown' }, published(START_MS), START_MS), forever);
  t.same(plan({ kind: 'absent' }, { kind: 'unknown' }, START_MS), forever);
  t.end();
});

t.test('the first authority signs at once: nobody trusts another', (t) => {
  const begin = { kind: 'begin', besidePem: '' };
  t.same(plan({ kind: 'absent' }, published(START_MS), START_MS), begin);
  t.same(plan({ kind: 'absent' }, { kind: 'nowhere' }, START_MS), begin);
  t.end();
});

t.test('a year goes by the steps of a rotation, each of which waits for its time', (t) => {
  const whole = { signing: old, trusted: [old] };
  const dueMs = START_MS - 3_600_000 + Math.floor((365 * DAY_MS + 3_600_000) * (2 / 3));
  const early = plan(secretOf(whole), published(START_MS, old), START_MS + DAY_MS);
  t.match(early, { kind: 'wait' });
  t.ok(
    early.kind === 'wait' && Math.abs(early.untilMs - dueMs) < 2_000,
    'at two thirds of its life',
  );
  t.match(plan(secretOf(whole), published(START_MS, old), dueMs + 2_000), {
    kind: 'prepare',
    reason: 'due',
    besidePem: old.certificatePem,
  });

  const nowMs = START_MS + 244 * DAY_MS;
  const both = secretOf({ signing: old, next: young, trusted: [old, young] });
  t.match(plan(both, published(START_MS, old), nowMs), { kind: 'wait' }, 'not published yet');
  const seen = published(nowMs, old, young);
  t.same(plan(both, seen, nowMs + 59_000), { kind: 'wait', untilMs: nowMs + 60_000 });
  t.same(plan(both, seen, nowMs + 60_000), { kind: 'switch', trustedPem: pemOf([old, young]) });

  const annotations = { 'ecr-pull-secrets.io/signing-since': instant(nowMs) };
  const switched = secretOf({ signing: young, trusted: [old, young], annotations });
  const forgetMs = nowMs + 14 * DAY_MS;
  t.same(plan(switched, seen, nowMs + DAY_MS), { kind: 'wait', untilMs: forgetMs });
  t.same(plan(switched, seen, forgetMs), { kind: 'forget', trustedPem: young.certificatePem });
  t.match(plan(secretOf({ signing: young, trusted: [young], annotations }), seen, forgetMs), {
    kind: 'wait',
  });
  t.end();
});

t.test('a certificate counts as published only where every webhook has it', (t) => {
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

t.test('where no webhook of ours is called, there is nothing to wait for', (t) => {
  const known = secretOf({ signing: old, next: young, trusted: [old, young] });
  t.same(plan(known, { kind: 'nowhere' }, START_MS + 244 * DAY_MS), {
    kind: 'switch',
    trustedPem: pemOf([old, young]),
  });
  t.end();
});

t.test('a rotation that a person asks for comes at its time, and once', (t) => {
  const since = START_MS + DAY_MS;
  const asked = (rotateAtMs: number): CaSecret =>
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

t.test('an authority that is lost is replaced beside what is trusted still', (t) => {
  const lost = { kind: 'prepare', reason: 'lost', besidePem: old.certificatePem };
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

t.test(
  'an authority that expired by our clock stays trusted, and its successor signs at once',
  (t) => {
    const nowMs = START_MS + 400 * DAY_MS;
    // Others' clocks may say something else: whoever serves with it must not lose trust by our mistake.
    t.same(plan(secretOf({ signing: old, trusted: [old] }), published(0, old), nowMs), {
      kind: 'begin',
      besidePem: old.certificatePem,
    });
    t.end();
  },
);

t.test('a clock that was set back during the wait makes it no longer', (t) => {
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

t.test('only what can hold no authority is stuck', (t) => {
  t.equal(stuckness({ signing: old }, { type: 'Opaque' }), false);
  t.equal(stuckness({ signing: old }, { type: 'kubernetes.io/tls' }), false, 'it works');
  t.equal(stuckness({}, { type: 'Opaque' }), false);
  t.equal(stuckness({}, { type: 'kubernetes.io/basic-auth' }), true);
  t.equal(stuckness({ signing: old }, { type: 'Opaque', immutable: true }), true);
  t.end();
});

t.test('an annotation that holds no instant is refused with an example', (t) => {
  for (const name of ['rotate-at', 'distrust-before']) {
    for (const value of ['', '1', 'tomorrow', '2026-01-01', '01/02/2026', '2026-13-01T00:00:00Z']) {
      const annotations = { [`ecr-pull-secrets.io/${name}`]: value };
      const view = caStatusOf(secretOf({ signing: old, annotations }), new Date(START_MS));
      t.match(view, { rotateAtMs: undefined, refusals: [/such as 2026-01-31T12:00:00Z, it is "/] });
      t.match(view, { refusals: [new RegExp(`${name} must be .* it is "${value}"`)] });
    }
  }
  const annotations = { 'ecr-pull-secrets.io/rotate-at': '2026-01-01T01:00:00.5+01:00' };
  t.match(caStatusOf(secretOf({ signing: old, annotations }), new Date(START_MS)), {
    rotateAtMs: START_MS + 500,
    refusals: [],
  });
  t.end();
});

t.test('what left the bundle is trusted for a while, but nothing where nothing is known', (t) => {
  let nowMs = 0;
  const lasting = createTrustRetention({ now: () => nowMs, keepMs: 60_000 });
  t.equal(lasting.extend(''), '');
  t.equal(lasting.extend(old.certificatePem), old.certificatePem);
  nowMs = 1_000;
  t.equal(lasting.extend(young.certificatePem), young.certificatePem + old.certificatePem);
  t.equal(lasting.extend(''), '', 'as with a Secret that is gone');
  nowMs = 60_001;
  t.equal(lasting.extend(young.certificatePem), young.certificatePem);
  t.end();
});

t.test('a clock that is set back takes trust from nobody, and keeps it no longer', (t) => {
  let nowMs = START_MS;
  const lasting = createTrustRetention({ now: () => nowMs, keepMs: 60_000 });
  const both = young.certificatePem + old.certificatePem;
  lasting.see(old.certificatePem);
  t.equal(lasting.extend(young.certificatePem), both, 'as a leader before this one published');
  nowMs -= DAY_MS;
  t.equal(lasting.extend(young.certificatePem), both);
  nowMs += 60_000;
  t.equal(lasting.extend(young.certificatePem), both);
  nowMs += 1;
  t.equal(lasting.extend(young.certificatePem), young.certificatePem);
  t.end();
});

t.test('a next authority of no use, or one that signs already, counts as absent', (t) => {
  const nowMs = START_MS + DAY_MS;
  const seen = published(START_MS, old);
  const broken = secretOf({ signing: old, next: { ...young, privateKeyPem: 'x' }, trusted: [old] });
  t.match(plan(broken, seen, nowMs), { kind: 'wait' });
  t.match(plan(secretOf({ signing: old, next: old, trusted: [old] }), seen, nowMs), {
    kind: 'wait',
  });
  t.end();
});

t.test('what a later version wrote is used and left alone, unless it is of no use', (t) => {
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

t.test('of a bundle that a thief filled up only as much is kept as can be written', async (t) => {
  const trusted = await Promise.all(Array.from({ length: 150 }, () => make(START_MS)));
  const view = caStatusOf(secretOf({ signing: old, trusted }), new Date(START_MS));
  const pem = view.kind === 'present' ? view.trustedPem : '';
  t.ok(pem.length > 120_000 && pem.length < 140_000, `${pem.length} characters are kept`);
  t.ok(pem.endsWith(`${trusted.at(-1)?.certificatePem}${old.certificatePem}`), 'the newest');
});

t.test('a Secret with nothing but a key pair is an authority too', (t) => {
  const known = secretOf({ signing: old });
  t.match(caStatusOf(known, new Date(START_MS)), {
    signing: old,
    trustedPem: old.certificatePem,
  });
  t.end();
});
