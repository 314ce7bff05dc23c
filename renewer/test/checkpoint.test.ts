import { text } from 'node:stream/consumers';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '../src/kube/client.ts';
import { createCheckpoint } from '../src/registry-tokens/checkpoint.ts';
import type { RegistryTokens } from '../src/registry-tokens/registry-token.ts';
import { type Exchange, startApiStandIn } from './support/api-stand-in.ts';

async function start(t: Test) {
  const api = await startApiStandIn();
  const stopping = new AbortController();
  const clock = createMovableClock();
  const warnings: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  const checkpoint = createCheckpoint({
    client,
    namespace: 'home',
    name: 'ours-tokens',
    clock,
    // No wait before a retry.
    random: () => 0,
    logger: createLogger({
      level: 'warn',
      format: 'json',
      name: 'test',
      destination: { write: (line) => warnings.push(JSON.parse(line).msg) },
    }),
    signal: stopping.signal,
  });
  t.teardown(async () => {
    stopping.abort();
    await client.close();
    await api.close();
  });
  return { api, clock, checkpoint, warnings, stopping };
}

function tokensOf(password: string): RegistryTokens {
  const times = { obtainedAtMs: 1, expiresAtMs: 2 };
  return new Map([['ecr', { username: 'AWS', password, registry: 'https://r', ...times }]]);
}

function secretOf(tokensJson: string): object {
  return { data: { 'tokens.json': Buffer.from(tokensJson).toString('base64') } };
}

/** The checkpoint's text that a write carries. */
async function written({ request }: Exchange): Promise<string> {
  const [, encoded = ''] = /"tokens\.json":"([^"]*)"/.exec(await text(request)) ?? [];
  return Buffer.from(encoded, 'base64').toString();
}

t.test('an API server that does not answer yet is asked again for the tokens', async (t) => {
  const { api, checkpoint, warnings } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).destroy();
  (await api.next()).refuse(503);
  (await api.next()).refuse(429);
  const kept = { version: 1, tokens: Object.fromEntries(tokensOf('x')) };
  (await api.next()).json(secretOf(JSON.stringify(kept)));
  t.same(await loading, tokensOf('x'));
  t.same(warnings, []);
});

t.test('a Secret that cannot be read is waited for half a minute', async (t) => {
  const { api, clock, checkpoint, warnings } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).refuse(500);
  const last = await api.next();
  clock.move(31_000);
  last.refuse(500);
  t.same(await loading, new Map());
  t.same(warnings, ['the checkpoint cannot be read; starting anew']);
});

t.test('a refusal, rubbish and another version mean a new start at once', async (t) => {
  const { api, checkpoint, warnings } = await start(t);
  const answers: readonly ((exchange: Exchange) => void)[] = [
    (exchange) => exchange.refuse(403),
    (exchange) => exchange.json({}),
    (exchange) => exchange.json(secretOf('{"version":2,"tokens":{}}')),
    (exchange) => exchange.json(secretOf('{"version":1,"tokens":{"ecr":{"password":"x"}}}')),
  ];
  for (const answer of answers) {
    const loading = checkpoint.load();
    answer(await api.next());
    t.same(await loading, new Map());
  }
  t.equal(warnings.length, answers.length);
  const loading = checkpoint.load();
  (await api.next()).refuse(404);
  t.same(await loading, new Map());
  t.equal(warnings.length, answers.length, 'the first start of all is no trouble');
});

t.test('tokens are written until they are, and of several only the latest', async (t) => {
  const { api, checkpoint, warnings, stopping } = await start(t);
  const running = checkpoint.run();
  checkpoint.save(tokensOf('first'));
  const first = await api.next();
  checkpoint.save(tokensOf('second'));
  checkpoint.save(tokensOf('third'));
  t.match(await written(first), '"password":"first"');
  first.refuse(503);
  const second = await api.next();
  t.match(await written(second), '"password":"third"');
  second.destroy();
  const third = await api.next();
  t.match(await written(third), '"password":"third"');
  third.json({ metadata: {} });
  t.equal(warnings.length, 2);
  stopping.abort();
  await running;
});
