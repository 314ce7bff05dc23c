import { renewOnceVariables } from '@ecr-pull-secrets/renewer/commands/renew-once/configuration.ts';
import { selfTestVariables } from '@ecr-pull-secrets/renewer/commands/self-test/configuration.ts';
import { renewerVariables } from '@ecr-pull-secrets/renewer/config/renewer-variables.ts';
import { webhookVariables } from '@ecr-pull-secrets/server/configuration.ts';
import t from 'tap';
import * as z from 'zod';
import { defaultOf } from '../../src/configuration-page/page.ts';

const SCHEMAS = [webhookVariables, renewerVariables, renewOnceVariables, selfTestVariables];

t.test('a default that the page shows has the same effect if it is set as the variable', (t) => {
  const variables = SCHEMAS.flatMap(({ shape }) => Object.entries(shape));
  const withDefault = variables.filter(([, variable]) => defaultOf(variable).startsWith('`'));
  t.ok(withDefault.length > 30);
  for (const [name, variable] of withDefault) {
    const value = z.parse(variable, defaultOf(variable).slice(1, -1));
    t.equal(JSON.stringify(value), JSON.stringify(z.parse(variable, undefined)), name);
  }
  t.end();
});

t.test('the page separates what is required from what is only not set', (t) => {
  t.equal(defaultOf(renewerVariables.shape.POD_NAME), 'required');
  t.equal(defaultOf(renewOnceVariables.shape.DOCKER_SECRET_NAME), 'required');
  t.equal(defaultOf(renewerVariables.shape.DOCKER_SECRET_NAME), '`ecr-pull-secret`');
  t.equal(defaultOf(renewerVariables.shape.KUBECONFIG), 'not set');
  t.equal(defaultOf(renewerVariables.shape.EXCLUDE_NAMESPACE), 'not set');
  t.end();
});
