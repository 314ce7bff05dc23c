import t from 'tap';
import { caStatusOf } from '../../src/webhook-tls/ca-status.ts';
import type { PublishedCaBundle } from '../../src/webhook-tls/published-ca-bundle.ts';
import { isDistrustOver, NO_TRUST, retainTrust, type TrustObservation } from '../../src/webhook-tls/trust-retention.ts';
import { DAY_MS, instant, old, published, secretOf, START_MS, young } from '../support/ca-secrets.ts';

const RETAIN_MS = 60_000;
const [oldPem, youngPem] = [old.certificatePem, young.certificatePem];

/** The bundles after each of some observations, as one leader makes them. */
function bundlesAfter(
  ...observations: readonly (Pick<TrustObservation, 'nowMs' | 'desiredPem'> & Partial<TrustObservation>)[]
): readonly string[] {
  const nothing: PublishedCaBundle = { kind: 'nowhere' };
  let trust = NO_TRUST;
  return observations.map((observation) => {
    trust = retainTrust(trust, { published: nothing, retainMs: RETAIN_MS, ...observation });
    return trust.bundlePem;
  });
}

t.test('what left the bundle is trusted for a while, but an unknown CA publishes nothing', (t) => {
  t.strictSame(
    bundlesAfter(
      { nowMs: 0, desiredPem: '' },
      { nowMs: 0, desiredPem: oldPem },
      { nowMs: 1_000, desiredPem: youngPem },
      // As with a Secret that is gone.
      { nowMs: 1_000, desiredPem: '' },
      { nowMs: 60_001, desiredPem: youngPem },
    ),
    ['', oldPem, youngPem + oldPem, '', youngPem],
  );
  t.end();
});

t.test('a clock that is set back ends no trust, and retains it for no longer', (t) => {
  const backMs = START_MS - DAY_MS;
  const inherited = published(START_MS, old);
  const both = youngPem + oldPem;
  t.strictSame(
    bundlesAfter(
      // An earlier leader published the old one.
      { nowMs: START_MS, desiredPem: youngPem, published: inherited },
      { nowMs: backMs, desiredPem: youngPem },
      { nowMs: backMs + RETAIN_MS, desiredPem: youngPem },
      { nowMs: backMs + RETAIN_MS + 1, desiredPem: youngPem },
    ),
    [both, both, both, youngPem],
  );
  t.end();
});

t.test('a new leader retains what is published, from its first observation of it on', (t) => {
  const inherited = published(START_MS, old);
  const desiredPem = youngPem;
  t.strictSame(
    bundlesAfter(
      { nowMs: 0, desiredPem, published: { kind: 'unknown' } },
      { nowMs: 5_000, desiredPem: '', published: inherited },
      { nowMs: 5_000 + RETAIN_MS, desiredPem, published: inherited },
      { nowMs: 5_001 + RETAIN_MS, desiredPem, published: inherited },
    ),
    ['', '', youngPem + oldPem, youngPem],
  );
  t.end();
});

t.test('what a person distrusts is trusted no longer than allowed, whichever replica leads', (t) => {
  const isRevoked = (pem: string): boolean => pem === oldPem;
  t.strictSame(
    bundlesAfter(
      { nowMs: START_MS, desiredPem: youngPem, published: published(START_MS, old), isRevoked },
      { nowMs: START_MS, desiredPem: oldPem, isRevoked },
    ),
    [youngPem, oldPem + youngPem],
  );
  t.end();
});

t.test('a distrusted CA is revoked once a trusted one has signed for the time of retention', (t) => {
  const sinceMs = START_MS + 245 * DAY_MS;
  const isOver = (signing: typeof old, nowMs: number, pem: string): boolean => {
    const annotations = {
      'ecr-pull-secrets.io/distrust-before': instant(START_MS + DAY_MS),
      'ecr-pull-secrets.io/signing-since': instant(sinceMs),
    };
    const status = caStatusOf(secretOf({ signing, annotations }), new Date(nowMs));
    return isDistrustOver(status, pem, { nowMs, retainMs: RETAIN_MS });
  };
  t.notOk(isOver(young, sinceMs + RETAIN_MS, oldPem), 'replicas may still serve by it');
  t.ok(isOver(young, sinceMs + RETAIN_MS + 1, oldPem));
  t.notOk(isOver(young, sinceMs + RETAIN_MS + 1, youngPem), 'the one that signs');
  t.notOk(isOver(old, sinceMs + RETAIN_MS + 1, oldPem), 'no other CA signs yet');
  t.notOk(isDistrustOver({ kind: 'absent' }, oldPem, { nowMs: sinceMs, retainMs: 0 }));
  t.end();
});
