import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import { parseLabelSelector } from '../../../src/pull-secrets/cache/label-selector.ts';
import { identityOf, type NamespaceRole } from '../../../src/pull-secrets/cache/namespace-roles.ts';
import { isTarget, type NamespaceRule } from '../../../src/pull-secrets/cache/target-namespaces.ts';

t.test('label selectors read as kubectl reads them', (t) => {
  const labels = { app: 'web', 'example.io/team': 'payments', empty: '' };
  const matching = [
    '',
    'app',
    '!absent',
    'app=web',
    'app==web',
    'app!=db',
    'absent!=x',
    'app in (web, db)',
    'app notin (db)',
    'absent notin (x)',
    'example.io/team=payments,app in (web,db),!absent',
    'empty=',
    '!constructor',
  ];
  const others = ['!app', 'absent', 'app=db', 'app!=web', 'app in (db)', 'app notin (web,db)', 'app,absent'];
  for (const text of matching) t.ok(parseLabelSelector(text).matches(labels), text);
  for (const text of others) t.notOk(parseLabelSelector(text).matches(labels), text);
  for (const text of ['a=b=c', 'app in web', '=x', 'a b', 'app in (web'])
    t.throws(() => parseLabelSelector(text), { code: 'ECRPS_CONFIGURATION_INVALID' }, text);
  t.end();
});

const rule: NamespaceRule = {
  selector: parseLabelSelector('ecr-pull-secrets.io/inject=enabled'),
  target: parseNamespacePattern('team-*'),
  exclude: parseNamespacePattern('*-sandbox'),
};

const labels = { 'ecr-pull-secrets.io/inject': 'enabled' };

t.test('a namespace is a target by label or by name, unless excluded or being deleted', (t) => {
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  t.ok(isTarget({ name: 'a', labels }, rule));
  t.ok(isTarget({ name: 'team-a' }, rule));
  t.notOk(isTarget({ name: 'a' }, rule));
  t.notOk(isTarget({ name: 'a', labels: { 'ecr-pull-secrets.io/inject': 'no' } }, rule));
  t.notOk(isTarget({ name: 'a-sandbox', labels }, rule));
  t.notOk(isTarget({ name: 'team-sandbox' }, rule));
  t.notOk(isTarget({ name: 'a', labels, deletionTimestamp }, rule));
  t.end();
});

const allowed: readonly NamespaceRole[] = [
  { roleArn: 'arn:aws:iam::123456789012:role/a', namespaces: parseNamespacePattern('team-a*') },
];

t.test('a role counts only if the allow-list binds it to the namespace', (t) => {
  const wish = (name: string, roleArn: string) =>
    identityOf({ name, annotations: { 'ecr-pull-secrets.io/role-arn': roleArn } }, allowed);
  const roleArn = 'arn:aws:iam::123456789012:role/a';
  t.match(wish('team-a1', roleArn), { kind: 'role', role: { roleArn } });
  t.match(wish('team-b', roleArn), { kind: 'role-not-allowed', roleArn });
  t.match(wish('team-a', 'arn:aws:iam::123456789012:role/b'), { kind: 'role-not-allowed' });
  t.match(wish('team-a', ''), { kind: 'default' });
  t.match(identityOf({ name: 'team-a' }, allowed), { kind: 'default' });
  t.end();
});
