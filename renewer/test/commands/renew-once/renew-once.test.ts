import { createFakeClock } from '@ecr-pull-secrets/shared/testing/fake-clock.ts';
import type { Clock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { createError, describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import type { KubeClient, KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import type { TokenSource } from '../../../src/credentials/aws/aws-token-source.ts';
import { readRenewOnceConfiguration } from '../../../src/commands/renew-once/configuration.ts';
import { renewOnce } from '../../../src/commands/renew-once/renew-once.ts';
import { unlessAborted } from '@ecr-pull-secrets/shared/runtime/unless-aborted.ts';

const HOUR_MS = 3_600_000;
const required = { DOCKER_SECRET_NAME: 'pull', HOME: '/home/me' };

function refusal(status: number, details: object = {}): Error {
  const text = JSON.stringify({ reason: 'Refused', message: 'said\nno', ...details });
  return createApiError('PATCH it', { status, retryAfter: undefined, text });
}

/** What the API server does with the apply of a namespace; a secret is absent before, unless `read` finds one. */
type Applies = Readonly<Record<string, (clock: Clock) => unknown>>;

interface Run {
  readonly output: string;
  readonly error: string;
  readonly applied: readonly string[];
}

async function run(
  environment: Readonly<Record<string, string>>,
  {
    applies = {},
    tokenSource = giveToken,
    stop = new AbortController().signal,
    read = () => {
      throw refusal(404);
    },
  }: {
    readonly applies?: Applies;
    readonly tokenSource?: TokenSource;
    readonly stop?: AbortSignal;
    readonly read?: (request: KubeRequest) => unknown;
  } = {},
): Promise<Run> {
  const clock = createFakeClock();
  const applied: string[] = [];
  const client: KubeClient = {
    request: async <T>(request: KubeRequest): Promise<T> => {
      const { method, path, signal } = request;
      // What a server sends is what callers say it is.
      if (method === 'GET') return JSON.parse(JSON.stringify(read(request)));
      const namespace = path.split('/')[4] ?? '';
      applied.push(namespace);
      await unlessAborted(Promise.resolve(applies[namespace]?.(clock)), signal);
      const answer: T = JSON.parse('{"metadata":{"name":"pull"}}');
      return answer;
    },
    stream: () => Promise.reject(new Error('not expected')),
    close: async () => {},
  };
  let output = '';
  const print = (text: string): void => {
    output += text;
  };
  const ended = renewOnce(
    { client, tokenSource, clock, random: () => 0.5, print },
    readRenewOnceConfiguration({ ...required, ...environment }),
    stop,
  ).then(() => '', describeError);
  await clock.advance(10 * 60_000);
  return { output, error: await ended, applied };
}

const giveToken: TokenSource = async ({ region = 'us-east-1' }) => ({
  username: 'AWS',
  password: 'hunter2',
  registry: `https://123456789012.dkr.ecr.${region}.amazonaws.com`,
  obtainedAtMs: Date.UTC(2026, 0, 1),
  expiresAtMs: Date.UTC(2026, 0, 1) + 12 * HOUR_MS,
});

const refuseEurope: TokenSource = async (request, signal) => {
  if (request.region === 'eu-west-1') throw new Error('AWS is away');
  return giveToken(request, signal);
};

const giveDeadToken: TokenSource = async (request, signal) => ({
  ...(await giveToken(request, signal)),
  expiresAtMs: Date.UTC(2025, 0, 1),
});

t.test('the lines are the old tool’s', async (t) => {
  const { output, error } = await run({ TARGET_NAMESPACE: 'b,a', AWS_REGION: 'eu-west-1' });
  t.equal(error, '');
  t.equal(
    output,
    [
      'Fetching auth data from AWS... Success.',
      'Docker Registries: https://123456789012.dkr.ecr.eu-west-1.amazonaws.com',
      'Updating kubernetes secret [pull] in 2 namespaces',
      'Updating secret in namespace [b]... success',
      'Updating secret in namespace [a]... success',
      'Job complete.',
      '',
    ].join('\n'),
  );
});

t.test('a namespace that refuses is named with its reason, and the others go on', async (t) => {
  const applies: Applies = {
    b: () => Promise.reject(refusal(422)),
    c: () => Promise.reject(refusal(404)),
    d: () => Promise.reject(refusal(403, { details: { causes: [{ reason: 'NamespaceTerminating' }] } })),
    e: () => Promise.reject(refusal(403)),
  };
  const { output, error } = await run({ TARGET_NAMESPACE: 'a,b,c,d,e,f' }, { applies });
  t.match(output, /\[a\]\.\.\. success\n/);
  t.match(output, /\[b\]\.\.\. failed: Secret "pull" exists but .*: said no\n/);
  t.match(output, /\[c\]\.\.\. skipped: there is no such namespace\n/);
  t.match(output, /\[d\]\.\.\. skipped: the namespace is being deleted\n/);
  t.match(output, /\[e\]\.\.\. failed: .*missing permissions.*: said no\n/);
  t.match(output, /\[f\]\.\.\. success\n$/);
  t.equal(error, 'not all namespaces: writing the secret failed in 2: b, e');
});

t.test('after a conflict the secret is read again', async (t) => {
  let conflicts = 2;
  const applies: Applies = {
    a: async () => {
      if (conflicts-- > 0) throw refusal(409);
    },
  };
  const { output, applied } = await run({ TARGET_NAMESPACE: 'a' }, { applies });
  t.match(output, /\[a\]\.\.\. success\nJob complete\.\n$/);
  t.equal(applied.length, 3);
});

t.test('a secret that is deleted between two reads is created again', async (t) => {
  let looks = 0;
  let conflicts = 1;
  const { output, error, applied } = await run(
    { TARGET_NAMESPACE: 'a' },
    {
      applies: {
        a: async () => {
          if (conflicts-- > 0) throw refusal(409);
        },
      },
      // Its metadata is there at the first look, and its content never is.
      read: ({ accept }) => {
        if (accept === undefined || looks++ > 0) throw refusal(404);
        return { metadata: { name: 'pull', namespace: 'a', uid: 'u', resourceVersion: '7' } };
      },
    },
  );
  t.match(output, /\[a\]\.\.\. success\nJob complete\.\n$/);
  t.equal(error, '');
  t.equal(applied.length, 2, 'the first one is bound to what was there');
});

t.test('no target at all is a warning, and no failure', async (t) => {
  const { output, error } = await run({ TARGET_NAMESPACE: ' ,' });
  t.equal(error, '');
  t.match(output, /in 0 namespaces\nWARNING: nothing to do: .*TARGET_NAMESPACE=.*\nJob complete/);
});

t.test('without every token nothing is written', async (t) => {
  const DOCKER_REGISTRIES = '123456789012.dkr.ecr.us-east-1.amazonaws.com,123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const { output, error, applied } = await run({ DOCKER_REGISTRIES }, { tokenSource: refuseEurope });
  t.equal(output, 'Fetching auth data from AWS... failed.\n');
  t.equal(error, 'AWS is away');
  t.same(applied, []);
});

t.test('a token that has expired on arrival is no token', async (t) => {
  const { error, applied } = await run({}, { tokenSource: giveDeadToken });
  t.match(error, /expired already/);
  t.same(applied, []);
});

function manyNamespaces(count: number): string {
  return Array.from({ length: count }, (_, index) => `n${index}`).join(',');
}

t.test('a run that is stopped finishes what it has started and starts nothing more', async (t) => {
  const stop = new AbortController();
  const applies: Applies = { n0: () => stop.abort() };
  const { output, error, applied } = await run(
    { TARGET_NAMESPACE: manyNamespaces(25) },
    { applies, stop: stop.signal },
  );
  t.equal(applied.length, 10);
  t.equal(output.match(/success/g)?.length, 10);
  t.notMatch(output, 'Job complete');
  t.equal(error, 'not all namespaces: 15 were not started: the run was stopped');
});

t.test('a run that is stopped waits for a slow write no longer than a pod may', async (t) => {
  const stop = new AbortController();
  const hang = (): Promise<never> => {
    stop.abort();
    return new Promise(() => undefined);
  };
  const { output, error } = await run(
    { TARGET_NAMESPACE: manyNamespaces(25) },
    { applies: { n3: hang }, stop: stop.signal },
  );
  t.match(output, /\[n2\]\.\.\. success\n/);
  t.match(output, /\[n3\]\.\.\. failed: the run was stopped before the API server answered\n/);
  t.match(error, /failed in 1: n3; 1\d were not started: the run was stopped$/);
});

t.test('namespaces without an answer are no reason to stop while others get one', async (t) => {
  const away = createError('ECRPS_KUBERNETES_UNREACHABLE', 'cut off');
  const names = manyNamespaces(1_000).split(',');
  const applies = Object.fromEntries(
    names.map((name, index) => [
      name,
      // The others take 20 s together, much longer than five attempts in vain.
      index < 20 ? () => Promise.reject(away) : (clock: Clock) => clock.sleep(200),
    ]),
  );
  const { error } = await run({ TARGET_NAMESPACE: names.join(',') }, { applies });
  t.match(error, /^not all namespaces: writing the secret failed in 20: n0, .*, n19$/);
});

t.test('an API server that is away does not hold up the run for hours', async (t) => {
  const away = createError('ECRPS_KUBERNETES_UNREACHABLE', 'connect refused');
  const names = manyNamespaces(1_000);
  const applies = Object.fromEntries(names.split(',').map((name) => [name, () => Promise.reject(away)]));
  const { output, error } = await run({ TARGET_NAMESPACE: names }, { applies });
  t.match(output, /\[n0\]\.\.\. failed: connect refused\n/);
  t.match(error, /failed in [1-4]\d: n0, .*; 9\d\d were not started: the API server does not answer$/);
});

t.test('no credentials are printed', async (t) => {
  const applies: Applies = { b: () => Promise.reject(refusal(403)) };
  const { output, error } = await run({ TARGET_NAMESPACE: 'a,b' }, { applies });
  const basic = Buffer.from('AWS:hunter2').toString('base64');
  for (const secret of ['hunter2', basic]) t.notOk((output + error).includes(secret));
});
