import t from 'tap';
import { PLACES } from './fuzz/hostile-body.ts';
import { hostileCase } from './fuzz/hostile-case.ts';
import { VALID_EVERY } from './fuzz/run-cases.ts';
import { readSeed } from './fuzz/seed.ts';
import { describeFootprint, soak } from './fuzz/soak.ts';

/** `npm run fuzz` has a hundred thousand. */
const CASES = 3_000;

t.test('hostile bodies neither end it, nor make it grow, nor keep pods from their secret', async (t) => {
  const seed = readSeed(process.env['SEED']);
  const { problems, kinds, injected, warm, end } = await soak({ seed, cases: CASES });

  t.strictSame(problems, [], `SEED=${seed} gives the same cases again`);
  t.equal(injected, CASES / VALID_EVERY, 'every valid pod was injected');
  t.ok((kinds['wrong type'] ?? 0) >= PLACES.length, 'every field had a wrong type');
  t.comment(`once warm: ${describeFootprint(warm)}; at the end: ${describeFootprint(end)}`);
});

t.test('a seed always gives the same cases, and another one others', (t) => {
  const first = bodiesOf(1);
  t.strictSame(bodiesOf(1), first);
  t.notSame(bodiesOf(2), first);
  t.end();
});

function bodiesOf(seed: number): string[] {
  return Array.from({ length: 200 }, (_, index) => {
    const one = hostileCase(seed, index);
    return 'body' in one ? one.body.toString('base64') : one.kind;
  });
}
