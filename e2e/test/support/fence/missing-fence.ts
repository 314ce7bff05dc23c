import assert from 'node:assert/strict';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { pathOf } from '../pull-secret.ts';
import type { StolenIdentity } from '../stolen-identity.ts';
import { findFence } from './proof.ts';
import type { FenceWorld } from './world.ts';

/** Tests what the renewer finds if the fence has a hole. Afterwards it restricts another user. */
export function testProof(
  t: Test,
  { api }: Playground,
  { thief, world }: { readonly thief: StolenIdentity; readonly world: FenceWorld },
): void {
  t.test('a fence that lacks a rule, or is about another identity, is found missing', async (t) => {
    t.match(await findFence(thief.client), { said: / fence the /, metrics: /"proven"\} 1$/m });
    for (const [policy, rule] of [
      ['secrets', 'the pull secret must have the type'],
      ['secrets', 'finalizers and ownerReferences'],
      ['events', 'finalizers and ownerReferences'],
      ['evictions', 'only in namespaces that opted in'],
      ['webhook-configuration', 'the metadata'],
    ] as const) {
      await world.withoutRule(policy, rule, async () => {
        await eventually(`${policy} without the rule is found`, async () => {
          assert.match((await findFence(thief.client)).metrics, /"missing"\} 1$/m);
        });
      });
    }
    await eventually('all rules are back', async () => {
      assert.match((await findFence(thief.client)).metrics, /"proven"\} 1$/m);
    });
    await world.fenceSomebodyElse();
    t.match(await findFence(thief.client), {
      said: /no admission policy fences/,
      metrics: /"missing"\} 1$/m,
    });
    t.equal(await ifFound(api.get(pathOf(PRODUCT_NAME))), undefined, 'a dry run leaves nothing');
  });
}
