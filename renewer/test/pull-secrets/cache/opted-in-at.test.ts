import t from 'tap';
import { optedInAt } from '../../../src/pull-secrets/cache/opted-in-at.ts';

function owner(time: string | undefined, ...keys: readonly string[]) {
  const labels = Object.fromEntries(keys.map((key) => [`f:${key}`, {}]));
  return { ...(time === undefined ? {} : { time }), fieldsV1: { 'f:metadata': { 'f:labels': labels } } };
}

t.test(
  'the time of a label is that of the first manager that owns it; of several labels the latest counts',
  async (t) => {
    const early = '2026-01-01T00:00:00Z';
    const late = '2026-02-01T00:00:00Z';
    t.equal(optedInAt([owner(late, 'a'), owner(early, 'a')], ['a']), Date.parse(early));
    t.equal(optedInAt([owner(late, 'a'), owner(early, 'b')], ['a', 'b']), Date.parse(late));
    t.equal(optedInAt([owner(early, 'other')], ['a']), undefined);
    t.equal(optedInAt([owner(undefined, 'a')], ['a']), undefined);
    t.equal(optedInAt(undefined, ['a']), undefined);
  },
);
