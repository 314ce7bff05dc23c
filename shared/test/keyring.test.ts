import t from 'tap';
import { fullNameOf } from '../src/image-reference.ts';
import { createKeyring } from '../src/keyring.ts';
import { KEYRING_CASES } from '../testing/keyring-cases.ts';

t.test('a key covers the images for which the kubelet uses it', (t) => {
  for (const { key, covered, uncovered } of KEYRING_CASES) {
    const covers = createKeyring([key]);
    for (const image of covered) t.ok(covers(fullNameOf(image)), `${key} covers ${image}`);
    for (const image of uncovered) t.notOk(covers(fullNameOf(image)), `${key}, not ${image}`);
  }
  t.end();
});

t.test('one of many keys is enough', (t) => {
  const covers = createKeyring(['a.example/x', 'b.example', '*.b.example/y', 'a.example/z']);
  for (const name of ['a.example/z', 'b.example/z', 'c.b.example/y']) t.ok(covers(name), name);
  for (const name of ['a.example/y', 'c.b.example/x']) t.notOk(covers(name), name);
  t.notOk(createKeyring([])('a.example/z'));
  t.end();
});

t.test('many images are compared with many keys quickly', (t) => {
  const keys = Array.from({ length: 200 }, (_, index) => `*.dkr.ecr.r-${index}.amazonaws.com/${'x'.repeat(200)}`);
  const covers = createKeyring(keys);
  const startedAtMs = performance.now();
  for (let index = 0; index < 5_000; index++) covers(`${'1'.repeat(12)}.dkr.ecr.r-${index}.amazonaws.com/a`);
  t.ok(performance.now() - startedAtMs < 5_000);
  const hostile = ['*'.repeat(500), 'a@'.repeat(5_000), `a/${'%'.repeat(5_000)}`, ':'.repeat(5_000)];
  for (const text of hostile) t.notOk(createKeyring([text])(fullNameOf(`a.example/${text}`)));
  t.end();
});
