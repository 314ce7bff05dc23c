import { ROLE_ARN_ANNOTATION } from '@ecr-pull-secrets/shared/names.ts';
import t, { type Test } from 'tap';
import { DEFAULT_TOKEN, labelled, ROLE, ROLE_TOKEN, startPullSecretWorld } from '../support/pull-secret-world.ts';

const withRole = labelled('team-a', { [ROLE_ARN_ANNOTATION]: ROLE });
const withoutRole = labelled('team-a');

/** A namespace that has its role's credentials, another that has the common ones, and what is written. */
async function startWorld(t: Test) {
  const world = await startPullSecretWorld(t, {
    namespaces: [withRole, labelled('b')],
    tokens: [ROLE_TOKEN, DEFAULT_TOKEN],
  });
  const written: { readonly namespace: string; readonly content: string }[] = [];
  world.onWrite((write) => {
    written.push(write);
    write.accept();
  });
  await world.pass(1_000);
  t.match(written, { length: 2 });
  t.match(written.find(({ namespace }) => namespace === 'team-a')?.content, ROLE);
  written.length = 0;
  return { world, written };
}

t.test('a role that is taken away is followed by the common credentials at once', async (t) => {
  const { world, written } = await startWorld(t);
  world.sendNamespace('MODIFIED', withoutRole);
  await world.pass(500);
  t.match(written, [{ namespace: 'team-a', content: /password of ecr us-east-1"/ }]);
  t.equal(written.length, 1);
});

t.test('without common credentials a role’s are removed all the same, after a minute', async (t) => {
  const { world, written } = await startWorld(t);
  world.setTokens(ROLE_TOKEN);
  world.sendNamespace('MODIFIED', withoutRole);
  await world.pass(30_000);
  t.same(written, [], 'AWS may be about to give them');
  await world.pass(70_000);
  t.match(written, [{ namespace: 'team-a', content: '{"auths":{}}' }]);
  t.equal(written.length, 1, 'once, and nothing in other namespaces');
  await world.pass(300_000);
  t.equal(written.length, 1);
  world.setTokens(ROLE_TOKEN, DEFAULT_TOKEN);
  await world.pass(500);
  t.match(written[1], { namespace: 'team-a', content: /password of ecr us-east-1"/ });
});

t.test('a role that gets its token soon is waited for', async (t) => {
  const { world, written } = await startWorld(t);
  const documents = () => written.filter(({ namespace }) => namespace === 'team-a').map(({ content }) => content);
  world.sendNamespace('MODIFIED', withoutRole);
  await world.pass(500);
  world.setTokens(DEFAULT_TOKEN);
  world.sendNamespace('MODIFIED', withRole);
  await world.pass(30_000);
  t.equal(documents().length, 1, 'the common credentials stay');
  world.setTokens(DEFAULT_TOKEN, ROLE_TOKEN);
  await world.pass(1_000);
  t.equal(documents().length, 2);
  t.match(documents()[1], ROLE);
});
