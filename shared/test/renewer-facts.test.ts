import t from 'tap';
import { renewerFactsSchema } from '../src/renewer-facts.ts';

t.test('facts of an unknown version are rejected', (t) => {
  const facts = { version: 2, registries: [], excludedNamespaces: ['kube-*'] };
  t.ok(renewerFactsSchema.safeParse(facts).success);
  t.notOk(renewerFactsSchema.safeParse({ ...facts, version: 1 }).success);
  t.end();
});
