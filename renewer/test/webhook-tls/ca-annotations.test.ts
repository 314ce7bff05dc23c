import t from 'tap';
import { caStatusOf, type ObservedCaSecret, observeCaSecret } from '../../src/webhook-tls/ca-status.ts';
import {
  DAY_MS,
  START_MS,
  TIMES,
  make,
  type Content,
  secretOf,
  published,
  instant,
  plan,
  old,
  young,
} from '../support/ca-secrets.ts';

/** When the key was stolen, the theft was noticed, and a CA was made since. */
const THEFT_MS = START_MS + 245 * DAY_MS;
const fresh = await make(THEFT_MS + 1_000);

function distrusting(content: Content, signingSinceMs?: number, beforeMs = THEFT_MS): ObservedCaSecret {
  const annotations = {
    'ecr-pull-secrets.io/distrust-before': instant(beforeMs),
    ...(signingSinceMs === undefined ? {} : { 'ecr-pull-secrets.io/signing-since': instant(signingSinceMs) }),
  };
  return secretOf({ ...content, annotations });
}

t.test('a CA that a person distrusts is replaced by one that was made since', (t) => {
  const nowMs = THEFT_MS + 2_000;
  const prepared = distrusting({ signing: old, next: fresh, trusted: [old, fresh] }, START_MS);
  const seen = published(nowMs, old, fresh);
  const untilMs = nowMs + TIMES.trustPropagationMs;
  t.same(
    plan(distrusting({ signing: old, trusted: [old] }, START_MS), published(0, old), THEFT_MS),
    { kind: 'prepare', retainedPem: old.certificatePem, reason: 'distrusted' },
    'which is trusted first, beside it',
  );
  t.same(plan(prepared, seen, nowMs), { kind: 'wait', untilMs });
  t.same(
    plan(prepared, seen, untilMs),
    { kind: 'switch', trustedPem: fresh.certificatePem },
    'and alone once it signs',
  );
  const done = distrusting({ signing: fresh, trusted: [fresh] }, untilMs);
  const after = plan(done, published(nowMs, fresh), untilMs);
  t.ok(after.kind === 'wait' && after.untilMs > nowMs + 200 * DAY_MS, 'once');
  const again = distrusting({ signing: fresh, trusted: [fresh] }, untilMs, untilMs + 1_000);
  t.match(plan(again, published(nowMs, fresh), untilMs + 1_000), { reason: 'distrusted' });
  t.end();
});

t.test('every other CA that the thief could have read is distrusted too', (t) => {
  const nowMs = THEFT_MS + 2_000;
  const seen = published(START_MS, old, young, fresh);
  const both = { signing: old, next: young, trusted: [old, young] };
  t.match(plan(distrusting(both, START_MS), seen, nowMs), { reason: 'distrusted' }, 'the next one');
  const switched = { signing: young, trusted: [old, young] };
  t.match(
    plan(distrusting(switched, nowMs), seen, nowMs),
    { reason: 'distrusted' },
    'one that began to sign since, but was there before',
  );
  t.same(
    plan(distrusting({ signing: fresh, trusted: [old, young, fresh] }, nowMs), seen, nowMs),
    { kind: 'retire', trustedPem: fresh.certificatePem },
    'retired ones, without waiting for two lives of a serving certificate',
  );
  const damaged = { ...old, privateKeyPem: 'x' };
  const lost = { signing: damaged, next: young, trusted: [old, young] };
  t.match(plan(distrusting(lost, START_MS), seen, nowMs), { kind: 'prepare', reason: 'lost' });
  const recovered = { next: fresh, trusted: [old, young, fresh] };
  t.same(plan(distrusting(recovered), seen, nowMs), {
    kind: 'switch',
    trustedPem: fresh.certificatePem,
  });
  t.end();
});

t.test('a CA of another maker is not taken for a younger one', async (t) => {
  // As if it had been made half an hour before, since other makers backdate nothing.
  const foreign = await make(THEFT_MS + 1_800_000);
  const content = { signing: foreign, trusted: [foreign] };
  const seen = published(START_MS, foreign);
  const nowMs = THEFT_MS + 2_000;
  for (const sinceMs of [undefined, START_MS, THEFT_MS - 1]) {
    t.match(plan(distrusting(content, sinceMs), seen, nowMs), { reason: 'distrusted' });
  }
  const prepared = { signing: foreign, next: fresh, trusted: [foreign, fresh] };
  t.same(plan(distrusting(prepared), published(START_MS, foreign, fresh), nowMs), {
    kind: 'switch',
    trustedPem: fresh.certificatePem,
  });
});

t.test('a CA that a thief left in the Secret is not trusted, whatever the thief wrote beside it', async (t) => {
  const nowMs = THEFT_MS + 2_000;
  // Valid since half an hour ago, and by its dates made in half an hour.
  const planted = await make(nowMs + 1_800_000);
  const later = await make(nowMs + 90 * DAY_MS);
  const seen = published(START_MS, old, planted, later, fresh);
  const sinceMs = nowMs + 1_000 * DAY_MS;
  const distrusted = { kind: 'prepare', reason: 'distrusted' };
  const signs = { signing: planted, trusted: [planted, later] };
  t.match(plan(distrusting(signs, sinceMs), seen, nowMs), distrusted, 'that it signs since');
  const comes = { signing: old, next: planted, trusted: [old, planted] };
  t.match(plan(distrusting(comes, START_MS), seen, nowMs), distrusted, 'that it is the next one');
  const stays = { signing: fresh, trusted: [later, planted, fresh] };
  const retire = { kind: 'retire', trustedPem: fresh.certificatePem };
  t.same(plan(distrusting(stays, nowMs), seen, nowMs), retire, 'that it was made since');
  const { secret } = distrusting({ signing: old, trusted: [old] }, START_MS);
  const annotations = { ...secret.metadata.annotations, 'ecr-pull-secrets.io/format': '2' };
  const newer = observeCaSecret({ ...secret, metadata: { ...secret.metadata, annotations } });
  t.match(plan(newer, seen, nowMs), distrusted, 'that we cannot read it');
  const guessed = await make(THEFT_MS + 500);
  const unsigned = { next: fresh, trusted: [old, guessed, fresh] };
  t.same(
    plan(distrusting(unsigned), published(START_MS, old, guessed, fresh), nowMs),
    { kind: 'switch', trustedPem: fresh.certificatePem },
    'that it was made since, if no CA signs',
  );
});

t.test('distrust from an instant in the future is refused, and begins then', (t) => {
  const comesMs = START_MS + DAY_MS;
  const known = distrusting({ signing: old, trusted: [old] }, START_MS, comesMs);
  t.match(caStatusOf(known, new Date(comesMs - 1)), { annotationProblems: [/is in the future/] });
  t.match(plan(known, published(0, old), comesMs - 1), { kind: 'wait' });
  t.match(caStatusOf(known, new Date(comesMs)), { annotationProblems: [] });
  t.match(plan(known, published(0, old), comesMs), { reason: 'distrusted' });
  t.end();
});
