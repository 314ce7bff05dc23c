import t from 'tap';
import { createTokenHistory } from '../../src/cluster/token-history.ts';

const issued = ['first', 'second', 'third'].map((authorizationToken) => ({ authorizationToken }));

t.test('an older token and an unknown one count, the same one does not', (t) => {
  const history = createTokenHistory(() => issued);
  for (const token of ['second', 'second', 'third']) history.onVersion(secret('a', token));
  t.equal(history.older(), 0);
  history.onVersion(secret('b', 'first'));
  history.onVersion(secret('a', 'second'));
  t.equal(history.older(), 1);
  history.onVersion(secret('b', 'never issued'));
  history.onVersion({ ...secret('b', ''), data: {} });
  t.equal(history.older(), 2);
  t.equal(history.versions(), 7);
  t.end();
});

t.test('secrets count as current by the order of issue', (t) => {
  const history = createTokenHistory(() => issued);
  history.onVersion(secret('a', 'second'));
  history.onVersion(secret('b', 'third'));
  t.strictSame([0, 1, 2, 3].map(history.issuedAfter), [2, 2, 1, 0]);
  t.end();
});

function secret(namespace: string, auth: string) {
  const config = JSON.stringify({ auths: { 'registry.example': { auth } } });
  return {
    metadata: { namespace, name: 'ecr-pull-secret' },
    data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
  };
}
