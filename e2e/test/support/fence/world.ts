import assert from 'node:assert/strict';
import type { KubeRequest } from '@ecr-pull-secrets/kube/client.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import type { Playground } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { type Attack, apply, asDryRun, PLACES, tokenOf } from './attack.ts';
import { PULL_SECRET_ATTACKS } from './pull-secret-attacks.ts';
import { EVENT_ATTACKS } from './event-attacks.ts';
import { RENEWER_ATTACKS } from './renewer-attacks.ts';
import type { KubeObject } from '../manifest.ts';
import { pathOf } from '../pull-secret.ts';
import { createThief, stealIdentity, type StolenIdentity } from '../stolen-identity.ts';

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
/** Collections of the API server. */
export const POLICIES = `${ADMISSION}/validatingadmissionpolicies`;
export const BINDINGS = `${ADMISSION}/validatingadmissionpolicybindings`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** What every refusal of the fence has in it. */
const REFUSED = /answered 422 .*identity fence of ecr-pull-secrets: /;

/** A ServiceAccount that may do everything, as that of a controller may. */
const MIGHTY = 'mighty';

/** Everything that the stolen identity has no business with, though a program that shares it may. */
const MORE_RIGHTS = [
  { apiGroups: [''], resources: ['secrets'], verbs: ['*'] },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: ['mutatingwebhookconfigurations'],
    verbs: ['*'],
  },
];

const GIVE_ALL_TO_EVERYBODY = asDryRun({
  method: 'PATCH',
  path: `${RBAC}/clusterroles/view`,
  contentType: 'application/merge-patch+json',
  body: { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
});

/** One attack for each policy. */
const PROBES: readonly KubeRequest[] = [PULL_SECRET_ATTACKS, RENEWER_ATTACKS.slice(-1), EVENT_ATTACKS].flatMap(
  ([attack]) => (attack ? [asDryRun(attack[1])] : []),
);

interface Policy extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly generation?: number };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly typeChecking?: { readonly expressionWarnings?: readonly unknown[] };
  };
  readonly spec: {
    readonly matchConditions?: readonly object[];
    readonly validations: readonly { readonly message: string }[];
  };
}

/** What the tests of the fence do with it and with a stolen identity. */
export interface FenceWorld {
  /** Each attack passes, as a dry run. */
  readonly allSucceed: (t: Test, attacks: readonly Attack[]) => Promise<void>;
  /** The fence refuses each attack. */
  readonly allRefused: (t: Test, attacks: readonly Attack[]) => Promise<void>;
  /** Makes a token of the mighty account by the stolen identity, reads it, and uses it. */
  readonly takeOver: (t: Test, read: () => Promise<Secret | undefined>) => Promise<void>;
  /** Does something while the policies only write down what they would refuse. */
  readonly withoutFence: (work: () => Promise<void>) => Promise<void>;
  /** Does something while the stolen identity has all rights to secrets and webhook configurations. */
  readonly withMoreRights: (work: () => Promise<void>) => Promise<void>;
  /** Makes a ServiceAccount in kube-system that has these rights, and takes its identity. */
  readonly identityWith: (name: string, rules: readonly object[]) => Promise<StolenIdentity>;
  /** What type checking found in the policies, once it was done. */
  readonly policyWarnings: () => Promise<readonly unknown[]>;
  /** Does something while a policy has no rule whose message has this text. */
  readonly withoutRule: (policy: string, rule: string, work: () => Promise<void>) => Promise<void>;
  /** Changes the policies so that they are about an identity of another namespace. */
  readonly fenceSomebodyElse: () => Promise<void>;
}

export async function createFenceWorld(
  { api, cluster }: Pick<Playground, 'api' | 'cluster'>,
  thief: StolenIdentity,
): Promise<FenceWorld> {
  await api.createNamespace(PLACES.account, { injected: false });
  await api.create(`/api/v1/namespaces/${PLACES.account}/secrets`, tokenOf('default'));
  await createAccount(MIGHTY, [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]);

  async function createAccount(name: string, rules: readonly object[]): Promise<void> {
    const accounts = `/api/v1/namespaces/${PLACES.empty}/serviceaccounts`;
    await api.create(accounts, { metadata: { name } });
    await bind(name, PLACES.empty, rules);
  }

  async function bind(name: string, namespace: string, rules: readonly object[]): Promise<void> {
    const metadata = { name: `test-${name}` };
    await api.create(`${RBAC}/clusterroles`, { metadata, rules });
    await api.create(`${RBAC}/clusterrolebindings`, {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    });
  }

  async function setActions(validationActions: readonly string[]): Promise<readonly KubeRequest[]> {
    const bindings = await api.list<KubeObject>(BINDINGS);
    const names = bindings.map(({ metadata }) => metadata.name).filter((name) => !name.endsWith('opt-in'));
    for (const name of names) {
      await api.merge(`${BINDINGS}/${name}`, { spec: { validationActions } });
    }
    return names.some((name) => name.endsWith('webhook-configuration')) ? PROBES : PROBES.slice(0, 1);
  }

  async function passes(probes: readonly KubeRequest[]): Promise<void> {
    for (const probe of probes) await thief.client.request(probe);
  }

  return {
    allSucceed: async (t, attacks) => {
      await Promise.all(
        attacks.map(([title, request]) =>
          t.resolves(thief.client.request(asDryRun(request)), `without the fence: ${title}`),
        ),
      );
    },
    allRefused: async (t, attacks) => {
      await Promise.all(attacks.map(([title, request]) => t.rejects(thief.client.request(request), REFUSED, title)));
    },
    takeOver: async (t, read) => {
      await thief.client.request(apply(pathOf(PLACES.empty), tokenOf(MIGHTY)));
      const token = await eventually('the token controller fills the secret', async () => {
        const encoded = (await read())?.data?.['token'];
        assert.ok(encoded);
        return Buffer.from(encoded, 'base64').toString();
      });
      const administrator = createThief(cluster, token);
      await t.resolves(administrator.request(GIVE_ALL_TO_EVERYBODY), 'that is an administrator');
      await administrator.close();
      // The token is dead with it.
      await api.remove(pathOf(PLACES.empty));
    },
    withoutFence: async (work) => {
      const probes = await setActions(['Audit']);
      await eventually('the fence is open', () => passes(probes));
      await work();
      await setActions(['Deny', 'Audit']);
      await eventually('the fence is closed', async () => {
        for (const probe of probes) await assert.rejects(thief.client.request(probe), REFUSED);
      });
    },
    withMoreRights: async (work) => {
      await bind(PRODUCT_NAME, PRODUCT_NAME, MORE_RIGHTS);
      await eventually('RBAC heeds it', () => thief.api.list('/api/v1/secrets'));
      await work();
      await api.remove(`${RBAC}/clusterrolebindings/test-${PRODUCT_NAME}`);
      await api.remove(`${RBAC}/clusterroles/test-${PRODUCT_NAME}`);
    },
    identityWith: async (name, rules) => {
      await createAccount(name, rules);
      return stealIdentity(cluster, api, { namespace: PLACES.empty, name });
    },
    policyWarnings: () =>
      eventually('all policies are checked', async () => {
        const policies = await api.list<Policy>(POLICIES);
        return policies.flatMap(({ metadata, status }) => {
          assert.equal(status?.observedGeneration, metadata.generation);
          return status?.typeChecking?.expressionWarnings ?? [];
        });
      }),
    withoutRule: async (name, rule, work) => {
      const path = `${POLICIES}/${PRODUCT_NAME}-${name}`;
      const { validations } = (await api.get<Policy>(path)).spec;
      const others = validations.filter(({ message }) => !message.includes(rule));
      assert.equal(others.length, validations.length - 1);
      await api.merge(path, { spec: { validations: others } });
      await work();
      await api.merge(path, { spec: { validations } });
    },
    fenceSomebodyElse: async () => {
      for (const { metadata, spec } of await api.list<Policy>(POLICIES)) {
        if (!spec.matchConditions) continue;
        const text = JSON.stringify(spec.matchConditions);
        const matchConditions = JSON.parse(text.replace(`:${PRODUCT_NAME}:`, ':other:'));
        await api.merge(`${POLICIES}/${metadata.name}`, { spec: { matchConditions } });
      }
      await eventually('our identity is not fenced', () => passes(PROBES));
    },
  };
}
