import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import t from 'tap';
import { caStatusOf, observeCaSecret } from '../../src/webhook-tls/ca-status.ts';
import { type Content, DAY_MS, make, old, secretOf, START_MS, young } from '../support/ca-secrets.ts';

function stuckness(content: Content, changes: object): boolean {
  const secret = { ...secretOf(content).secret, ...changes };
  const status = caStatusOf(observeCaSecret(secret), new Date(START_MS));
  return status.kind === 'present' && status.isStuck;
}

t.test('a Secret is stuck only if it can hold no CA', (t) => {
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
      t.match(view, {
        rotateAtMs: undefined,
        annotationProblems: [/such as 2026-01-31T12:00:00Z, it is "/],
      });
      t.match(view, { annotationProblems: [new RegExp(`${name} must be .* it is "${value}"`)] });
    }
  }
  const annotations = { 'ecr-pull-secrets.io/rotate-at': '2026-01-01T01:00:00.5+01:00' };
  t.match(caStatusOf(secretOf({ signing: old, annotations }), new Date(START_MS)), {
    rotateAtMs: START_MS + 500,
    annotationProblems: [],
  });
  t.end();
});

t.test('of a bundle that a thief filled up, only as much is used as can be written', async (t) => {
  const trusted = await Promise.all(Array.from({ length: 150 }, () => make(START_MS)));
  const view = caStatusOf(secretOf({ signing: old, trusted }), new Date(START_MS));
  const pem = view.kind === 'present' ? view.trustedPem : '';
  t.ok(pem.length > 120_000 && pem.length < 140_000, `${pem.length} characters are kept`);
  t.ok(pem.endsWith(`${trusted.at(-1)?.certificatePem}${old.certificatePem}`), 'the newest');
});

t.test('a Secret with nothing but a key pair holds a CA too', (t) => {
  const known = secretOf({ signing: old });
  t.match(caStatusOf(known, new Date(START_MS)), {
    signing: old,
    trustedPem: old.certificatePem,
  });
  t.end();
});

t.test('a key is tried once for each change of the Secret, not for each status', (t) => {
  const signed = t.capture(crypto, 'sign', crypto.sign);
  const verified = t.capture(crypto, 'verify', crypto.verify);
  syncBuiltinESMExports();
  const observed = secretOf({ signing: old, next: young, trusted: [old, young] });
  t.equal(signed().length, 2, 'of the CA that signs, and of the next one');
  t.equal(verified().length, 2);
  for (const day of [0, 100, 244, 400]) {
    t.match(caStatusOf(observed, new Date(START_MS + day * DAY_MS)), { kind: 'present' });
  }
  t.equal(signed().length, 0);
  t.equal(verified().length, 0);
  t.end();
});
