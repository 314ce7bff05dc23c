import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { registryHost } from '@ecr-pull-secrets/testbed/ecr-stand-in/registry-host.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { AWS_IDENTITY, REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { checkpointPath } from '../support/moved-time.ts';
import { documentOf, pullSecretsOf } from '../support/pull-secret.ts';
import { OTHER, ROLE, UNUSED_ROLE, world } from './world.ts';

const HOUR_MS = 3_600_000;
const GOT = 'got a registry token';

const OTHER_REGISTRY = registryHost(OTHER.account, 'us-east-1');

const { api, ecr } = world;
const { secretIn, loginWith } = pullSecretsOf(world);

/** Gives the AWS SDK keys, and says what a leader's environment holds of them. */
function useKeys({ accessKeyId, secretAccessKey }: typeof OTHER): Readonly<Record<string, string>> {
  const keys = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  Object.assign(process.env, keys);
  return keys;
}

interface Kept {
  readonly id: string;
  readonly registry: string;
  readonly password: string;
}

/** The tokens that a leader's checkpoint holds, and its text. */
async function keptBy(leader: string): Promise<{ readonly tokens: readonly Kept[]; text: string }> {
  const { data } = await api.get<Secret>(checkpointPath(leader));
  const text = Buffer.from(data?.['tokens.json'] ?? '', 'base64').toString();
  const { tokens } = JSON.parse(text);
  return {
    tokens: Object.entries<Omit<Kept, 'id'>>(tokens).map(([id, { registry, password }]) => ({
      id,
      registry,
      password,
    })),
    text,
  };
}

function keepsEventually(leader: string, count: number): Promise<void> {
  return eventually(`${count} tokens in the checkpoint`, async () => {
    assert.equal((await keptBy(leader)).tokens.length, count);
  });
}

/** Makes a namespace that opts in and requests a role. */
async function createWithRole(name: string, leader: string, role: string): Promise<void> {
  await api.create('/api/v1/namespaces', {
    metadata: {
      name,
      labels: { for: leader },
      annotations: { 'ecr-pull-secrets.io/role-arn': role },
    },
  });
}

/** What a leader takes from the checkpoint of the leader before it. */
export function testCheckpoint(t: Test): void {
  t.test('a leader with other keys does not go on with the tokens of the old ones', async (t) => {
    const name = 'other-keys';
    await world.createNamespaces([name], name);
    const first = world.lead({ name, environment: useKeys(AWS_IDENTITY) });
    t.equal(await loginWith(await secretIn(name, name), REGISTRY), 200);
    await keepsEventually(name, 1);
    await first.stop();

    const second = world.lead({ name, environment: useKeys(OTHER) });
    t.teardown(() => second.stop());
    await eventually('the secret is of the other account', async () => {
      assert.equal(await loginWith(await secretIn(name, name), OTHER_REGISTRY), 200);
    });
    t.notMatch(documentOf(await secretIn(name, name)), REGISTRY, 'without the old account’s host');
    const { tokens, text } = await keptBy(name);
    t.match(tokens, [{ registry: `https://${OTHER_REGISTRY}` }]);
    t.notMatch(text, OTHER.accessKeyId);
    await second.stop();

    const third = world.lead({ name, environment: useKeys(OTHER) });
    t.teardown(() => third.stop());
    await world.createNamespaces([`${name}-new`], name);
    t.equal(await loginWith(await secretIn(`${name}-new`, name), OTHER_REGISTRY), 200);
    t.equal(third.count(GOT), 0, 'the same keys are the same identity');
  });

  t.test('what was planted in the checkpoint comes into no pull secret', async (t) => {
    const name = 'planted';
    const environment = useKeys(AWS_IDENTITY);
    await world.createNamespaces([name], name);
    const first = world.lead({ name, environment });
    await secretIn(name, name);
    await keepsEventually(name, 1);
    await first.stop();

    const { tokens, text } = await keptBy(name);
    const planted = { registry: 'https://docker.io', password: 'planted-password' };
    const content = JSON.parse(text);
    Object.assign(content.tokens[tokens[0]?.id ?? ''], planted);
    await api.merge(checkpointPath(name), {
      stringData: { 'tokens.json': JSON.stringify(content) },
    });
    const second = world.lead({ name, environment });
    t.teardown(() => second.stop());
    await eventually('AWS is called again', () => assert.equal(second.count(GOT), 1));
    await world.createNamespaces([`${name}-new`], name);
    for (const namespace of [name, `${name}-new`]) {
      const secret = await secretIn(namespace, name);
      t.equal(await loginWith(secret, REGISTRY), 200, namespace);
      t.notMatch(documentOf(secret), 'docker.io', namespace);
    }
    await eventually('nothing of it is kept', async () => {
      assert.doesNotMatch((await keptBy(name)).text, /planted-password|docker\.io/);
    });
    t.equal(second.count('checkpoint is not usable; all tokens are requested again'), 1);
  });

  t.test('tokens of roles stay in the checkpoint, whatever is got before they are needed', async (t) => {
    const name = 'roles';
    const environment = useKeys(AWS_IDENTITY);
    const file = {
      namespaceRoles: [ROLE, UNUSED_ROLE].map((roleArn) => ({ roleArn, namespaces: 'roles-*' })),
    };
    await world.createNamespaces([name], name);
    await createWithRole('roles-team', name, ROLE);
    const first = world.lead({ name, file, environment });
    t.equal(await loginWith(await secretIn('roles-team', name), OTHER_REGISTRY), 200);
    await keepsEventually(name, 2);
    await first.stop();

    // The role's token lives on; the common one is got anew, before there is a use for the role.
    const { tokens, text } = await keptBy(name);
    const common = tokens.find(({ id }) => !id.includes(ROLE))?.id ?? '';
    const content = JSON.parse(text);
    delete content.tokens[common];
    content.tokens['ecr eu-west-1'] = content.tokens[`${common} ${ROLE}`];
    await api.merge(checkpointPath(name), {
      stringData: { 'tokens.json': JSON.stringify(content) },
    });
    const second = world.lead({ name, file, environment });
    await eventually('the common token', () => assert.equal(second.count(GOT), 1));
    await eventually('it is kept', async () => {
      const ids = (await keptBy(name)).tokens.map(({ id }) => id);
      assert.deepEqual(ids, [common, `${common} ${ROLE}`], 'nothing that no setting needs');
    });
    await second.stop();

    const endOutage = ecr.faults.add({ kind: 'disconnect' });
    t.teardown(endOutage);
    const third = world.lead({ name, file, environment });
    t.teardown(() => third.stop());
    await createWithRole('roles-new', name, ROLE);
    t.equal(await loginWith(await secretIn('roles-new', name), OTHER_REGISTRY), 200);
  });

  t.test('a leader that thawed undoes nothing of the next one’s', async (t) => {
    const name = 'thawed';
    const environment = useKeys(AWS_IDENTITY);
    const file = { namespaceRoles: [{ roleArn: ROLE, namespaces: 'thawed-*' }] };
    await world.createNamespaces([name], name);
    const frozen = world.lead({ name, environment });
    t.teardown(() => frozen.stop());
    await secretIn(name, name);
    await keepsEventually(name, 1);
    await createWithRole('thawed-team', name, ROLE);
    const next = world.lead({ name, file, environment });
    await keepsEventually(name, 2);
    await next.stop();

    await world.pass(6 * HOUR_MS, HOUR_MS);
    const newest = await eventually('the first one renews its only token', () => {
      assert.equal(frozen.count(GOT), 2);
      return ecr.issuedTokens().at(-1)?.password;
    });
    await eventually('it writes that one, and leaves the role’s', async () => {
      const { tokens } = await keptBy(name);
      assert.equal(tokens.length, 2);
      assert.ok(tokens.some(({ password }) => password === newest));
    });
  });
}
