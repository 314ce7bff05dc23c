import t from 'tap';
import { type ClusterState, readClusterState } from '../../src/explain/cluster-state.ts';
import { candidatesFor, credentialsIn } from '../../src/pull-test/docker-config.ts';
import { imageFindings } from '../../src/explain/images.ts';
import { secretFindings } from '../../src/explain/secret.ts';
import { clientWith } from '../support/client.ts';
import { labelledWith, NOW_MS, podOf, REGISTRY, SECRET, secretOf, worldWith } from './support/world.ts';

const OTHER = '999999999999.dkr.ecr.us-east-1.amazonaws.com';

t.test('Events about missed pods are not requested', async (t) => {
  const selectors: unknown[] = [];
  const client = clientWith(({ path, query }) => {
    if (path.endsWith('/events')) selectors.push(`${path.split('/').at(-2)} ${query?.['fieldSelector']}`);
    return { items: [], metadata: {}, spec: { template: { spec: {} } } };
  });
  await readClusterState(client, { namespace: 'payments', secretName: undefined });
  t.match(selectors, [/^payments .*,involvedObject\.kind=Secret$/, /^ecr-pull-secrets .*kind=Deployment/]);
});

t.test('the state of the secret, and what to do', async (t) => {
  const metadata = { name: SECRET, annotations: { 'ecr-pull-secrets.io/expires-at': '2026-11-30T11:59:59Z' } };
  const events = {
    found: [
      { reason: 'PullSecretNotWritten', message: 'exceeded quota', lastTimestamp: '2026-11-30T11:00:00Z' },
      { reason: 'Older', message: 'x', lastTimestamp: '2026-11-30T10:00:00Z' },
    ],
  };
  const cases = [
    [worldWith(), 'ok', /valid until 2026-11-30T20:00:00/, undefined],
    [
      worldWith({ secret: { missing: true }, events }),
      'problem',
      /does not exist.*PullSecretNotWritten: exceeded quota/,
      /^kubectl logs/,
    ],
    [
      worldWith({ secret: { missing: true }, releaseEvents: events }),
      'problem',
      /does not exist.*PullSecretNotWritten: exceeded quota/,
      /^kubectl logs/,
    ],
    [
      worldWith({ secret: { missing: true }, events: { unread: 'no right to list events' } }),
      'problem',
      /does not exist; the Events of the namespace cannot be read: no right to list events$/,
      /^kubectl logs/,
    ],
    [labelledWith({}, { secret: { missing: true } }), 'note', /the namespace gets none/, undefined],
    [worldWith({ secret: { unread: 'no right' } }), 'unknown', /no right/, undefined],
    [
      worldWith({ secret: { found: secretOf([], { type: 'Opaque' }) } }),
      'problem',
      /has the type Opaque/,
      /^kubectl delete secret/,
    ],
    [
      worldWith({ secret: { found: secretOf([], { data: {} }) } }),
      'problem',
      /no.* docker config/,
      /^kubectl delete secret/,
    ],
    [
      worldWith({ secret: { found: secretOf([], { metadata: { name: SECRET } }) }, releaseEvents: events }),
      'problem',
      /somebody else.*if no one needs its credentials.*take-over=enabled$/,
      /^kubectl describe secret/,
    ],
    [worldWith({ secret: { found: secretOf([], { metadata }) } }), 'problem', /expired at/, /^kubectl logs/],
  ] as const;
  for (const [world, state, message, command] of cases) {
    const [finding] = secretFindings(world, NOW_MS);
    t.match(finding, { step: 'secret', state, message });
    if (command) t.match(finding?.command, command);
    else t.equal(finding?.command, undefined);
  }
});

t.test('credentials are read as the kubelet reads them', async (t) => {
  const auths = { a: { auth: 'eA==', username: 'u', password: 'p' }, b: { username: 'u', password: 'p' }, c: {} };
  const expected = [
    { key: 'a', basic: 'eA==' },
    { key: 'b', basic: Buffer.from('u:p').toString('base64') },
  ];
  t.same(credentialsIn(secretOf([], { data: { '.dockerconfigjson': data({ auths }) } })), expected);
  t.same(
    credentialsIn(secretOf([], { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': data(auths) } })),
    expected,
  );
  t.same(credentialsIn(secretOf([], { data: { '.dockerconfigjson': data({}) } })), []);
  const inOtherCase = { AUTHS: { a: { Auth: 'eA==' } } };
  t.same(credentialsIn(secretOf([], { data: { '.dockerconfigjson': data(inOtherCase) } })), expected.slice(0, 1));
});

t.test('the order in which the kubelet tries credentials', async (t) => {
  const found = candidatesFor(`${REGISTRY}/team/app`, [
    ['first', credentials('*.dkr.ecr.us-east-1.amazonaws.com', REGISTRY, OTHER)],
    ['second', credentials(`https://${REGISTRY}/v2/team`, REGISTRY, `${REGISTRY}/other`)],
  ]);
  t.same(
    found.map(({ secretName, key }) => [secretName, key]),
    [
      ['second', `https://${REGISTRY}/v2/team`],
      ['first', REGISTRY],
      ['second', REGISTRY],
      ['first', '*.dkr.ecr.us-east-1.amazonaws.com'],
    ],
  );
});

/** What is said about a missing secret if there is an Event about the Deployment. */
function messageWith(message: string, changes: Partial<ClusterState> = {}): string | undefined {
  const releaseEvents = { found: [{ reason: 'AwsRefusedToken', message }] };
  return secretFindings(worldWith({ secret: { missing: true }, releaseEvents, ...changes }), NOW_MS)[0]?.message;
}

t.test('only an Event about the role of the namespace explains a missing secret', (t) => {
  const role = 'arn:aws:iam::123456789012:role/team';
  const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };
  const annotations = { 'ecr-pull-secrets.io/role-arn': role };
  const namespace = { found: { metadata: { name: 'payments', labels, annotations } } };
  t.match(messageWith(`no token with the role ${role}`, { namespace }), /AwsRefusedToken/);
  t.notMatch(messageWith('no token with the AWS identity', { namespace }), /AwsRefusedToken/);
  t.notMatch(messageWith(`no token with the role ${role}`), /AwsRefusedToken/);
  t.end();
});

t.test('which images the secret covers', async (t) => {
  const image = `${OTHER}/app:1`;
  const names = [{ name: 'gone' }, { name: 'theirs' }, { name: SECRET }];
  const pod = { found: podOf({}, { imagePullSecrets: names, containers: [{ image }, { image: 'nginx' }] }) };
  const alone = imageFindings(worldWith({ pod }));
  t.same(alone.toPull, []);
  t.match(alone.findings, [
    { state: 'problem', message: /covers the registry 9999.*\(it covers 1234/, command: /^helm get values/ },
  ]);
  const event = { type: 'Warning', reason: 'AwsUnreachable', lastTimestamp: '2026-11-30T11:00:00Z' };
  const about = (message: string, more = {}) => ({ found: [{ ...event, message, ...more }] });
  const found = (releaseEvents: ClusterState['releaseEvents']) => imageFindings(worldWith({ pod, releaseEvents }));
  t.match(found(about(`no token for ${OTHER}`)).findings, [
    { state: 'problem', message: /covers the registry .*AwsUnreachable: no token for 9999/, command: /^kubectl logs/ },
  ]);
  t.same(found(about('no token for another registry')), alone);
  t.same(found(about(`tokens for ${OTHER} again`, { type: 'Normal' })), alone);
  const otherSecrets = new Map([
    ['gone', { missing: true as const }],
    ['theirs', { found: secretOf([OTHER]) }],
  ]);
  t.match(imageFindings(worldWith({ pod, otherSecrets })).findings, [
    { state: 'note', message: /names the secret gone, which does not exist/ },
    { state: 'note', message: /the kubelet tries theirs \(9999/ },
  ]);
  const covered = imageFindings(worldWith());
  t.match(covered.findings, [{ state: 'ok' }]);
  t.match(covered.toPull, [{ image: `${REGISTRY}/app:1`, credential: { key: REGISTRY } }]);
});

function data(document: unknown): string {
  return Buffer.from(JSON.stringify(document)).toString('base64');
}

function credentials(...keys: readonly string[]) {
  return keys.map((key) => ({ key, basic: '' }));
}
