import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { login } from '@ecr-pull-secrets/testbed/ecr-stand-in/login.ts';
import { requestApi } from '@ecr-pull-secrets/testbed/local-cluster/api-request.ts';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { REGISTRY } from '@ecr-pull-secrets/testbed/playground/playground.ts';
import { OPS_PORTS } from '@ecr-pull-secrets/testbed/playground/ports.ts';
import { documentOf, pathOf, pullSecretsOf } from '../support/pull-secret.ts';
import { readReplicas } from '../support/replicas.ts';
import { playground } from './release.ts';

const WEST = REGISTRY.replace('us-east-1', 'us-west-2');
const WEST_KEY = `*${WEST.slice(12)}/team-a`;
const CHINA_KEY = '*.dkr.ecr.cn-north-1.amazonaws.com.cn';

const { api, cluster, ecr, node } = playground;
const { secretIn, loginWith } = pullSecretsOf(playground);

/** Registries that would give the token away. */
export async function testRegistries(t: Test): Promise<void> {
  await api.createNamespace('payments');
  const working = await secretIn('payments');

  async function isUntouched(): Promise<void> {
    const secret = await api.get<Secret>(pathOf('payments'));
    assert.equal(secret.metadata.resourceVersion, working.metadata.resourceVersion);
    assert.equal(documentOf(secret), documentOf(working));
  }

  t.test('the chart takes no registry that would give the token away', async (t) => {
    for (const registries of ['*.*', 'docker.io', [`me@${REGISTRY}`], [`${REGISTRY}.evil.example`]]) {
      const message = /registries.*; for example https:/s;
      await t.rejects(playground.install({ registries }), { message }, String(registries));
    }
    await isUntouched();
  });

  t.test('past the chart the renewer refuses it, the old pods go on, and no secret changes', async (t) => {
    const extraEnv = [{ name: 'DOCKER_REGISTRIES', value: `${REGISTRY}\n*.*` }];
    await playground.install({ renewer: { extraEnv } }, { wait: false });
    await eventually('the new replica says what is wrong', async () => {
      const unready = (await readReplicas(playground)).find(({ isReady }) => !isReady);
      assert.ok(unready);
      const log = await node.logs('ecr-pull-secrets', unready.name, 'renewer');
      assert.match(log, /DOCKER_REGISTRIES: \\"\*\.\*\\" has a wildcard .*; for example DOCKER_REGISTRIES=/);
    });
    t.equal((await readReplicas(playground)).filter(({ isReady }) => isReady).length, 2);
    await isUntouched();
    t.equal(await loginWith(working), 200);
  });

  t.test('a wildcard gets the token of its region, and another partition’s key none', async (t) => {
    const old = new Set((await readReplicas(playground)).map(({ name }) => name));
    await playground.install({ registries: `https://${REGISTRY}/\n${WEST_KEY};${CHINA_KEY}` });
    const auths = await eventually('the secret has the new keys', async () => {
      const found = JSON.parse(documentOf(await api.get<Secret>(pathOf('payments')))).auths;
      assert.deepEqual(Object.keys(found), [`https://${REGISTRY}/`, WEST_KEY]);
      return found;
    });
    const loginAt = (host: string) => login(ecr.endpoint, JSON.stringify({ auths: { [host]: auths[WEST_KEY] } }), host);
    t.equal(await loginAt(WEST), 200);
    t.equal(await loginAt(REGISTRY), 401);
    t.notOk(
      ecr.calls.some(({ region }) => region === 'cn-north-1'),
      'AWS gets no call there',
    );

    const replica = await eventually('a new replica', async () => {
      const found = (await readReplicas(playground)).find(({ name }) => !old.has(name));
      assert.ok(found);
      return found;
    });
    const log = await node.logs('ecr-pull-secrets', replica.name, 'renewer');
    t.match(log, /"level":"warn".*cn-north-1.* gets no token: .*partition aws-cn/);
    const metrics = await fetch(`http://${replica.host}:${OPS_PORTS.renewer}/metrics`);
    t.match(await metrics.text(), /^ecr_pull_secrets_refused_registries 1$/m);
  });

  t.test('a warning names each registry of which no key covers the image, as for the kubelet', async (t) => {
    const access = { ...cluster, token: cluster.adminToken };
    const warningsFor = async (image: string): Promise<readonly string[]> => {
      const pod = {
        metadata: { generateName: 'p-' },
        spec: { containers: [{ name: 'a', image }] },
      };
      const path = '/api/v1/namespaces/payments/pods?dryRun=All';
      return (await requestApi(access, path, { method: 'POST', body: pod })).warnings;
    };
    const other = WEST.replace('123456789012', '210987654321');
    for (const covered of [`${REGISTRY}/x`, `${WEST}/team-a`, `${other}/team-abc/x:1`]) {
      await eventually(covered, async () => assert.deepEqual(await warningsFor(covered), []));
    }
    for (const uncovered of [`${REGISTRY}:443/x`, `${WEST}/team-b`, `${other.replace('us-west', 'eu-west')}/team-a`]) {
      t.match(await warningsFor(uncovered), [`Not covered: ${uncovered}`], uncovered);
    }
  });
}
