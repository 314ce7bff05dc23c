import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import type { ObjectMeta } from '@ecr-pull-secrets/kube/objects.ts';
import { findTargets } from '../../../src/commands/renew-once/targets.ts';

function namespaces(...names: readonly string[]): readonly ObjectMeta[] {
  return names.map((name) => ({ name }));
}

async function targetsOf(
  include: string,
  exclude: string,
  existing: readonly ObjectMeta[],
): Promise<readonly unknown[]> {
  const rule = { target: parseNamespacePattern(include), exclude: parseNamespacePattern(exclude) };
  const targets = await findTargets(rule, async () => existing);
  return targets.map(({ namespace, obstacle }) => (obstacle ? `${namespace}: ${obstacle}` : namespace));
}

t.test('names come as configured, then the matches of wildcards in alphabetical order, each once', async (t) => {
  const existing = namespaces('b', 'own', 'ns12', 'ns2', 'ns22', 'a');
  t.same(await targetsOf('ns?2', '', existing), ['ns12', 'ns22']);
  t.same(await targetsOf('own,ns*,b,ns12', '', existing), ['own', 'b', 'ns12', 'ns2', 'ns22']);
  t.same(await targetsOf('ns*,ns2,ns2', '', existing), ['ns2', 'ns12', 'ns22']);
  t.same(await targetsOf('*', 'ns?2,b', existing), ['a', 'ns2', 'own']);
  t.same(await targetsOf('b,*', 'b', namespaces('b', 'c')), ['c'], 'exclusion wins');
});

t.test('namespaces that are absent or are being deleted are reported before', async (t) => {
  const terminating = { name: 'ns1', deletionTimestamp: '2026-01-01T00:00:00Z' };
  t.same(await targetsOf('gone,ns*', '', [terminating, ...namespaces('ns2')]), [
    'gone: there is no such namespace',
    'ns1: the namespace is being deleted',
    'ns2',
  ]);
});

t.test('without wildcards no namespaces are listed', async (t) => {
  const rule = {
    target: parseNamespacePattern('b,a,b,c'),
    exclude: parseNamespacePattern('c*'),
  };
  const targets = await findTargets(rule, () => Promise.reject(new Error('listed')));
  t.same(targets, [{ namespace: 'b' }, { namespace: 'a' }]);
});
