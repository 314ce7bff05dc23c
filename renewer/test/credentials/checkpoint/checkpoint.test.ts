import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { createLogger } from '@ecr-pull-secrets/shared/logger.ts';
import { createMovableClock } from '@ecr-pull-secrets/shared/testing/movable-clock.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import t, { type Test } from 'tap';
import { createKubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { createCheckpoint } from '../../../src/credentials/checkpoint/checkpoint.ts';
import type { RegistryTokens } from '../../../src/credentials/registry-token.ts';
import { type Exchange, startApiStandIn } from '@ecr-pull-secrets/kube/testing/api-stand-in.ts';

const REGISTRY = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';

async function start(t: Test) {
  const api = await startApiStandIn();
  const stopping = new AbortController();
  const clock = createMovableClock();
  const said: string[] = [];
  const lines: string[] = [];
  const client = createKubeClient({
    credentials: async () => ({ server: api.address, authorization: undefined, tls: {} }),
    userAgent: 'test',
  });
  const logger = createLogger({
    level: 'info',
    format: 'json',
    name: 'test',
    destination: {
      write: (line) => {
        said.push(JSON.parse(line).msg);
        lines.push(line);
      },
    },
  });
  const created = createCheckpoint(
    // No wait before a retry.
    { client, clock, random: () => 0, logger },
    { namespace: 'home', name: 'ours-tokens', caller: 'us' },
    stopping.signal,
  );
  const tokens = createObservable<RegistryTokens>(new Map());
  const checkpoint = {
    load: () => created.load(),
    run: () => created.run(tokens),
    save: (next: RegistryTokens) => tokens.set(next),
  };
  t.teardown(async () => {
    stopping.abort();
    await client.close();
    await api.close();
  });
  return { api, clock, checkpoint, said, lines, stopping };
}

function tokensOf(password: string, { id = 'ecr', obtainedAtMs = 1 } = {}): RegistryTokens {
  const times = { obtainedAtMs, expiresAtMs: obtainedAtMs + 1 };
  return new Map([[id, { username: 'AWS', password, registry: REGISTRY, ...times }]]);
}

function secretOf(tokensJson: string, resourceVersion = '5'): object {
  const data = { 'tokens.json': Buffer.from(tokensJson).toString('base64') };
  return { metadata: { resourceVersion }, data };
}

function checkpointOf(tokens: RegistryTokens, caller = 'us'): string {
  return JSON.stringify({ version: 1, caller, tokens: Object.fromEntries(tokens) });
}

interface Write {
  readonly method: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Passwords by the token's id. */
  readonly passwords: Readonly<Record<string, string>>;
  readonly caller: string;
}

/** What a write carries. */
async function written({ request }: Exchange): Promise<Write> {
  const { metadata, data } = JSON.parse(await text(request));
  const { caller, tokens } = JSON.parse(Buffer.from(data['tokens.json'], 'base64').toString());
  const passwords = Object.entries<{ password: string }>(tokens).map(([id, { password }]) => [id, password] as const);
  return {
    method: request.method,
    resourceVersion: metadata.resourceVersion,
    passwords: Object.fromEntries(passwords),
    caller,
  };
}

t.test('an API server that does not answer yet is tried again for the tokens', async (t) => {
  const { api, checkpoint, said } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).destroy();
  (await api.next()).refuse(503);
  (await api.next()).refuse(429);
  (await api.next()).json(secretOf(checkpointOf(tokensOf('x'))));
  t.same(await loading, tokensOf('x'));
  t.same(said, []);
});

t.test('a Secret that cannot be read is tried for half a minute', async (t) => {
  const { api, clock, checkpoint, said } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).refuse(500);
  const last = await api.next();
  clock.move(31_000);
  last.refuse(500);
  t.same(await loading, new Map());
  t.same(said, ['checkpoint is not usable; all tokens are requested again']);
});

t.test('a refusal, rubbish and another version mean a new start at once', async (t) => {
  const { api, checkpoint, said } = await start(t);
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
  t.equal(said.length, answers.length);
  const loading = checkpoint.load();
  (await api.next()).refuse(404);
  t.same(await loading, new Map());
  t.equal(said.length, answers.length, 'the very first start is no problem');
});

t.test('tokens of another caller are not used, and are replaced', async (t) => {
  const { api, checkpoint, said, stopping } = await start(t);
  for (const caller of ['them', undefined]) {
    const loading = checkpoint.load();
    const { tokens } = JSON.parse(checkpointOf(tokensOf('theirs')));
    (await api.next()).json(secretOf(JSON.stringify({ version: 1, caller, tokens })));
    t.same(await loading, new Map());
  }
  t.match(
    said,
    Array.from({ length: 2 }, () => /another AWS identity/),
  );
  const running = checkpoint.run();
  checkpoint.save(new Map());
  checkpoint.save(tokensOf('ours'));
  const write = await api.next();
  t.same(await written(write), {
    method: 'PATCH',
    resourceVersion: '5',
    passwords: { ecr: 'ours' },
    caller: 'us',
  });
  write.json({ metadata: { resourceVersion: '6' } });
  stopping.abort();
  await running;
});

t.test('tokens are written until they are, and of several only the latest', async (t) => {
  const { api, checkpoint, said, stopping } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).refuse(404);
  await loading;
  const running = checkpoint.run();
  checkpoint.save(tokensOf('first'));
  const first = await api.next();
  checkpoint.save(tokensOf('second'));
  checkpoint.save(tokensOf('third'));
  t.match(await written(first), { resourceVersion: '1', passwords: { ecr: 'first' } });
  first.refuse(503);
  const second = await api.next();
  t.match(await written(second), { resourceVersion: '1', passwords: { ecr: 'third' } });
  second.destroy();
  const third = await api.next();
  t.match(await written(third), { resourceVersion: '1', passwords: { ecr: 'third' } });
  third.json({ metadata: { resourceVersion: '7' } });
  checkpoint.save(tokensOf('fourth'));
  const fourth = await api.next();
  t.match(await written(fourth), { resourceVersion: '7', passwords: { ecr: 'fourth' } });
  fourth.json({ metadata: { resourceVersion: '8' } });
  t.equal(said.length, 2);
  stopping.abort();
  await running;
});

t.test('one token that AWS cannot have given, and nothing of the checkpoint is used', async (t) => {
  const { api, checkpoint, said, lines } = await start(t);
  const tokens = new Map([...tokensOf('good'), ...tokensOf('planted-password', { id: 'bad' })]);
  const loading = checkpoint.load();
  const planted = checkpointOf(tokens).replace(/(planted.*)https:[^"]*/, '$1https://*.*');
  (await api.next()).json(secretOf(planted));
  t.same(await loading, new Map());
  t.same(said, ['checkpoint is not usable; all tokens are requested again']);
  t.match(lines[0], /its token \\"bad\\" is for \\"https:\/\/\*\.\*\\", which is no registry of ECR/);
  t.notMatch(lines.join(''), 'planted-password');
});

/** A leader that has loaded tokens and was then away while another wrote version 9. */
async function startBehind(t: Test, save: RegistryTokens) {
  const { api, checkpoint, ...rest } = await start(t);
  const loading = checkpoint.load();
  (await api.next()).json(secretOf(checkpointOf(tokensOf('old')), '5'));
  await loading;
  void checkpoint.run();
  checkpoint.save(save);
  const refused = await api.next();
  t.match(await written(refused), { resourceVersion: '5' });
  refused.refuse(409);
  const look = await api.next();
  t.equal(look.request.method, 'GET');
  return { api, checkpoint, look, ...rest };
}

t.test('what another leader wrote since stays if it is newer', async (t) => {
  const ours = new Map([
    ...tokensOf('ours', { id: 'both', obtainedAtMs: 20 }),
    ...tokensOf('ours', { id: 'stale', obtainedAtMs: 20 }),
  ]);
  const theirs = new Map([
    ...tokensOf('theirs', { id: 'both', obtainedAtMs: 10 }),
    ...tokensOf('theirs', { id: 'stale', obtainedAtMs: 30 }),
    ...tokensOf('theirs', { id: 'role', obtainedAtMs: 10 }),
  ]);
  const { api, look, said } = await startBehind(t, ours);
  look.json(secretOf(checkpointOf(theirs), '9'));
  const failed = await api.next();
  const expected = {
    resourceVersion: '9',
    passwords: { both: 'ours', stale: 'theirs', role: 'theirs' },
  };
  t.match(await written(failed), expected);
  failed.refuse(503);
  const again = await api.next();
  t.match(await written(again), expected, 'also when the first try fails');
  again.json({ metadata: { resourceVersion: '10' } });
  t.same(said, ['checkpoint reconciliation failed'], 'a conflict is expected');
});

t.test('nothing is written if another leader has newer tokens', async (t) => {
  const newer = tokensOf('theirs', { obtainedAtMs: 30 });
  for (const theirs of [checkpointOf(newer), checkpointOf(newer, 'them')]) {
    const { api, checkpoint, look } = await startBehind(t, tokensOf('ours', { obtainedAtMs: 20 }));
    look.json(secretOf(theirs, '9'));
    await look.closed;
    checkpoint.save(tokensOf('newest', { obtainedAtMs: 40 }));
    const next = await api.next();
    t.match(await written(next), { resourceVersion: '9', passwords: { ecr: 'newest' } });
    next.json({ metadata: { resourceVersion: '10' } });
  }
});

const FUTURE = { obtainedAtMs: Date.UTC(2200, 0) };

t.test('a checkpoint that is gone or broken meanwhile is created again', async (t) => {
  const answers: readonly (readonly [string, (exchange: Exchange) => void])[] = [
    ['1', (exchange) => exchange.refuse(404)],
    ['9', (exchange) => exchange.json(secretOf('junk', '9'))],
    // Newer than ours can ever be, so that ours would never be kept.
    ['9', (exchange) => exchange.json(secretOf(checkpointOf(tokensOf('x', FUTURE)), '9'))],
  ];
  for (const [resourceVersion, answer] of answers) {
    const { api, look } = await startBehind(t, tokensOf('ours'));
    answer(look);
    const next = await api.next();
    t.match(await written(next), { resourceVersion, passwords: { ecr: 'ours' } });
    next.json({ metadata: { resourceVersion: '10' } });
  }
});

t.test('what is there already is not written again', async (t) => {
  const { api, checkpoint, stopping } = await start(t);
  const tokens = new Map([...tokensOf('x', { id: 'b' }), ...tokensOf('y', { id: 'a' })]);
  const loading = checkpoint.load();
  (await api.next()).json(secretOf(checkpointOf(new Map([...tokens].toReversed()))));
  await loading;
  const running = checkpoint.run();
  checkpoint.save(tokens);
  await setImmediate();
  checkpoint.save(tokensOf('news'));
  const write = await api.next();
  t.match(await written(write), { passwords: { ecr: 'news' } });
  write.json({ metadata: { resourceVersion: '6' } });
  stopping.abort();
  await running;
});
