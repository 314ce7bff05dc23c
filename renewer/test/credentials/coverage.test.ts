import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import t from 'tap';
import { createCoverage } from '../../src/credentials/coverage.ts';
import type { RegistryTokens } from '../../src/credentials/registry-token.ts';

const OWN = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const OTHER = OWN.replace('123', '999');
const factsOf = (registries: string[]) => ({ facts: { version: 2 as const, registries, excludedNamespaces: [] } });

t.test('the registries of the settings decide, or those of the tokens if there are none', async (t) => {
  const tokens = createObservable<RegistryTokens>(new Map());
  const byTokens = createCoverage({ tokens }, factsOf([]));
  t.ok(byTokens(`${OTHER}/app`), 'before the first token');
  const token = { username: 'AWS', password: 'x', registry: `https://${OWN}`, obtainedAtMs: 0, expiresAtMs: 1 };
  tokens.set(new Map([['ecr us-east-1', token]]));
  t.ok(byTokens(`${OWN}/app`));
  t.notOk(byTokens(`${OTHER}/app`));
  const bySettings = createCoverage({ tokens }, factsOf([OTHER]));
  t.ok(bySettings(`${OTHER}/app`));
  t.notOk(bySettings(`${OWN}/app`));
});
