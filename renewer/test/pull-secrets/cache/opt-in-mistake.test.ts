import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import t from 'tap';
import { parseLabelSelector } from '../../../src/pull-secrets/cache/label-selector.ts';
import { findOptInMistake, labelsOfMistakes } from '../../../src/pull-secrets/cache/opt-in-mistake.ts';
import type { NamespaceRule } from '../../../src/pull-secrets/cache/target-namespaces.ts';

const LABEL = 'ecr-pull-secrets.io/inject';

function ruleWith(selector: string): NamespaceRule {
  return {
    selector: parseLabelSelector(selector),
    target: parseNamespacePattern('team-*'),
    exclude: parseNamespacePattern('*-sandbox'),
  };
}

const rule = ruleWith(`${LABEL}=enabled`);

t.test('a label that somebody probably misspelt is found, and a deliberate one is not', (t) => {
  const find = (labels: Record<string, string>, name = 'a') => findOptInMistake({ name, labels }, rule);
  for (const value of ['Enabled', 'enable', 'true', '']) {
    t.same(find({ [LABEL]: value }), { kind: 'misspelt', key: LABEL, value }, value);
  }
  for (const value of ['disabled', 'False', 'no']) t.equal(find({ [LABEL]: value }), undefined, value);
  const key = 'ecr-pull-secret.io/inject';
  t.same(find({ [key]: 'enabled' }), { kind: 'misspelt', key, value: 'enabled' });
  t.ok(labelsOfMistakes(rule).includes(key), 'the label is read');
  t.notOk(labelsOfMistakes(rule).includes(LABEL), 'the selector reads it anyway');
  t.equal(find({}), undefined);
  t.equal(find({ team: 'a' }), undefined);
  t.equal(find({ [LABEL]: 'true' }, 'team-a'), undefined, 'it is a target by its name');
  t.equal(find({ [LABEL]: 'true' }, 'a-sandbox'), undefined, 'it is excluded all the same');
  t.end();
});

t.test('an excluded namespace is found if a label opted it in', (t) => {
  t.same(findOptInMistake({ name: 'a-sandbox', labels: { [LABEL]: 'enabled' } }, rule), { kind: 'excluded' });
  t.equal(findOptInMistake({ name: 'a-sandbox' }, rule), undefined);
  t.equal(findOptInMistake({ name: 'a-sandbox' }, ruleWith('!skip')), undefined, 'no one opted it in');
  t.end();
});

t.test('with a selector of its own, only its own labels count', (t) => {
  const own = ruleWith('team=a');
  t.equal(findOptInMistake({ name: 'a', labels: { team: 'b', [LABEL]: 'Enabled' } }, own), undefined);
  t.same(labelsOfMistakes(own), []);
  t.same(findOptInMistake({ name: 'a-sandbox', labels: { team: 'a' } }, own), { kind: 'excluded' });
  const both = ruleWith(`${LABEL}=enabled,team=a`);
  t.equal(findOptInMistake({ name: 'a', labels: { [LABEL]: 'Enabled' } }, both), undefined, 'it lacks the other label');
  t.end();
});
