import assert from 'node:assert/strict';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Test } from 'tap';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import type { Manifest, Pod, Secret } from '@ecr-pull-secrets/testbed/playground/kube-api.ts';
import { CA_SECRET, CONFIGURATION, readCaBundle } from '../support/ca.ts';
import { CERT_MANAGER, crdOf, CRDS } from '../support/cert-manager.ts';
import { handshakesNow } from '../support/handshakes.ts';
import { createInjected } from '../support/injected.ts';
import { LOADED_NAMESPACE, unnoticed } from '../support/pod-load.ts';
import { pathOf } from '../support/pull-secret.ts';
import { installAnew, logOf, replicasOf } from '../support/renewers.ts';
import { startThief } from '../support/impostor-webhook.ts';
import { playground } from './release.ts';

const SECRETS = `/api/v1/namespaces/${PRODUCT_NAME}/secrets`;

const { api, node } = playground;

const ca = await createCa({ commonName: 'mine', now: new Date() });

function issue(by: PemPair = ca, lifetimeMs = 3_600_000): Promise<PemPair> {
  return createServingCertificate(by, {
    serviceName: PRODUCT_NAME,
    namespace: PRODUCT_NAME,
    now: new Date(),
    lifetimeMs,
  });
}

/** Fills a Secret as cert-manager or a person does. */
async function putSecret(
  name: string,
  { certificatePem, privateKeyPem }: PemPair,
  caPem = ca.certificatePem,
): Promise<void> {
  const data = {
    'tls.crt': encode(certificatePem),
    'tls.key': encode(privateKeyPem),
    'ca.crt': encode(caPem),
  };
  const known = await ifFound(api.get(`${SECRETS}/${name}`));
  if (known) await api.merge(`${SECRETS}/${name}`, { data });
  else await api.create(SECRETS, { metadata: { name }, type: 'kubernetes.io/tls', data });
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}

function injected(): Promise<void> {
  return createInjected(api, 'labelled');
}

/** The figures of all replicas' containers. */
async function figuresOf(port: number): Promise<readonly string[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`);
  return Promise.all(
    pods.map(async ({ status }) => {
      const host = node.toLoopback(status?.podIP ?? '');
      return (await fetch(`http://${host}:${port}/metrics`)).text();
    }),
  );
}

async function certificateIsOk(wanted: 0 | 1): Promise<void> {
  for (const figures of await figuresOf(9402)) {
    assert.match(figures, new RegExp(`^ecr_pull_secrets_tls_certificate_ok ${wanted}$`, 'm'));
  }
}

async function renewersSay(what: RegExp): Promise<void> {
  for (const pod of await replicasOf(playground)) {
    assert.match(await logOf(playground, pod), what);
  }
}

/** Serial number of what the replicas took into use last. */
async function webhooksTook(times: number): Promise<void> {
  for (const figures of await figuresOf(9402)) {
    assert.match(figures, new RegExp(`tls_reloads_total\\{result="success"\\} ${times}$`, 'm'));
  }
}

/** Until the leader of the new mode publishes. */
async function changeTo(values: Manifest, bundle: string): Promise<void> {
  await installAnew(playground, values);
  await eventually('the new leader publishes', async () => {
    assert.equal(await readCaBundle(api), bundle);
  });
}

/** Each mode, and each change of it. Leaves certificates of our own. */
export async function testTlsModes(t: Test): Promise<void> {
  await api.create('/api/v1/namespaces', { metadata: { name: PRODUCT_NAME } });
  await api.createNamespace('labelled');

  t.test('an existing Secret serves, and its ca.crt becomes the caBundle', async (t) => {
    await putSecret('mine', await issue());
    await playground.install({ tls: { mode: 'existing-secret', existingSecret: 'mine' } });
    await eventually('the secret', () => api.get(pathOf('labelled')));
    await eventually('injection works', injected);
    t.equal(await readCaBundle(api), ca.certificatePem);
    t.equal(await ifFound(api.get(`${SECRETS}/${PRODUCT_NAME}-ca`)), undefined, 'we make none');
  });

  t.test('another certificate in the Secret is taken over without a restart', async (t) => {
    const before = await replicasOf(playground);
    await putSecret('mine', await issue());
    await eventually('it is taken', () => webhooksTook(2));
    await injected();
    t.same(await replicasOf(playground), before);
  });

  t.test('one that cannot serve shows, with what to do, and the last good one stays', async (t) => {
    const { certificatePem } = await issue();
    const { privateKeyPem } = await issue();
    await putSecret('mine', { certificatePem, privateKeyPem });
    await eventually('the webhooks report it', () => certificateIsOk(0));
    await eventually('the renewers report it', () =>
      renewersSay(/the private key does not belong to the certificate.*Put tls\.crt, tls\.key/),
    );
    for (const figures of await figuresOf(9403)) {
      t.match(figures, /^ecr_pull_secrets_certificate_problems 1$/m);
    }
    await injected();

    const foreign = await createCa({ commonName: 'other', now: new Date() });
    await putSecret('mine', await issue(foreign));
    await eventually('the renewers report it', () => renewersSay(/no CA of the bundle signed/));
    await injected();
    t.equal(await readCaBundle(api), ca.certificatePem);

    await putSecret('mine', await issue());
    await eventually('all is well', async () => {
      await certificateIsOk(1);
      await injected();
    });
  });

  t.test('a key that a person put into ca.crt by mistake is not published', async (t) => {
    const mixed = `${ca.privateKeyPem}${ca.certificatePem}`;
    await api.merge(`${SECRETS}/mine`, { data: { 'ca.crt': encode(mixed) } });
    await eventually('the renewers log it', () => renewersSay(/the CA bundle holds a private key/));
    t.equal(await readCaBundle(api), ca.certificatePem);
    await putSecret('mine', await issue());
  });

  t.test('without the Secret the last good one serves on, and new replicas say what is missing', async (t) => {
    await api.remove(`${SECRETS}/mine`);
    await playground.install(
      {
        tls: { mode: 'existing-secret', existingSecret: 'mine' },
        podAnnotations: { a: 'new-one' },
      },
      { wait: false },
    );
    await eventually('a new replica reports it', async () => {
      const logs = await Promise.all((await replicasOf(playground)).map((pod) => logOf(playground, pod)));
      assert.ok(logs.some((log) => /the certificate cannot be read.*Put tls\.crt/.test(log)));
    });
    await injected();
    await putSecret('mine', await issue());
    await playground.install({
      tls: { mode: 'existing-secret', existingSecret: 'mine' },
      podAnnotations: { a: 'new-one' },
    });
    await eventually('all is well', injected);
    t.pass();
  });

  t.test('one that expires in use shows, and stays for want of a better one', async (t) => {
    await putSecret('mine', await issue(ca, 4_000));
    await eventually('the webhooks show it', () => certificateIsOk(0));
    await eventually('the renewers log it', () => renewersSay(/the certificate expired at/));
    const pods = await api.list<Pod>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`);
    const conditions = pods.map(({ status }) => status?.conditions?.find(({ type }) => type === 'Ready'));
    t.same(
      conditions.map((ready) => ready?.status),
      ['True', 'True'],
      'replicas share it: no reason to leave',
    );
    await putSecret('mine', await issue());
    await eventually('all is well', async () => {
      await certificateIsOk(1);
      await injected();
    });
  });

  t.test('replacing a stolen CA as docs/tls.md says ends the trust in it, and injection goes on', async (t) => {
    const thief = await startThief(api, ca);
    t.teardown(() => thief.close());
    const other = await createCa({ commonName: 'other', now: new Date() });
    const both = `${ca.certificatePem}${other.certificatePem}`;
    await putSecret('mine', await issue(), both);
    await eventually('both are trusted', async () => assert.equal(await readCaBundle(api), both));
    t.ok(await thief.isTrusted());
    const served = await issue(other);
    await putSecret('mine', served, both);
    await eventually('each replica serves with the other one', async () => {
      const problems = await handshakesNow(playground, other.certificatePem);
      assert.deepEqual(
        problems.map(({ problem }) => problem),
        ['', ''],
      );
    });
    await injected();
    await putSecret('mine', served, other.certificatePem);
    t.ok(await thief.untilRefused(30_000));
    await injected();
  });

  t.test('with cert-manager the chart renders a Certificate, and cert-manager sets caBundle itself', async (t) => {
    for (const kind of ['Certificate', 'Issuer']) await api.create(CRDS, crdOf(kind));
    await eventually('cert-manager’s resources', () => api.list(`${CERT_MANAGER}/certificates`));
    // The namespace's pods come up once cert-manager has made the Secret.
    await putSecret(`${PRODUCT_NAME}-tls`, await issue());
    await eventually('the installation', () => playground.install({ tls: { mode: 'cert-manager' } }));
    const certificate = await api.get(`${CERT_MANAGER}/certificates/${PRODUCT_NAME}`);
    t.match(certificate, {
      spec: {
        secretName: `${PRODUCT_NAME}-tls`,
        dnsNames: [`${PRODUCT_NAME}.${PRODUCT_NAME}.svc`],
        issuerRef: { name: `${PRODUCT_NAME}-ca`, kind: 'Issuer' },
      },
    });
    t.match(await api.get(CONFIGURATION), {
      metadata: {
        annotations: { 'cert-manager.io/inject-ca-from': `${PRODUCT_NAME}/${PRODUCT_NAME}` },
      },
    });
    // As the CA injector does; ours leaves it alone from now on.
    const path = '/webhooks/0/clientConfig/caBundle';
    await playground.client.request({
      method: 'PATCH',
      path: CONFIGURATION,
      contentType: 'application/json-patch+json',
      body: [{ op: 'add', path, value: encode(ca.certificatePem) }],
    });
    await eventually('injection works', injected);
    await putSecret(`${PRODUCT_NAME}-tls`, await issue());
    await eventually('another certificate is taken', () => webhooksTook(2));
    await injected();
  });

  t.test('back to certificates of our own, by a replica of the new mode', async (t) => {
    await playground.install({ tls: { mode: 'self-managed' } });
    await eventually('our own CA', async () => {
      assert.notEqual(await readCaBundle(api), ca.certificatePem);
    });
    await eventually('injection works', injected);
    t.ok(await ifFound(api.get(`${SECRETS}/${PRODUCT_NAME}-ca`)));
  });

  t.test('if both CAs are trusted, no pod is missed during a change of the mode', async (t) => {
    const { data } = await api.get<Secret>(CA_SECRET);
    const own = Buffer.from(data?.['tls.crt'] ?? '', 'base64').toString();
    const mine = ca.certificatePem;
    await putSecret('next', await issue(), `${mine}${own}`);
    await api.createNamespace(LOADED_NAMESPACE);
    await eventually('the secret', () => api.get(pathOf(LOADED_NAMESPACE)));
    // On a machine with six other tests five seconds were too short for the last connection of the API server.
    const webhook = { drainSeconds: 10 };
    const toOwn = { webhook, tls: { mode: 'self-managed', additionalCaBundle: mine } };
    const toMine = { webhook, tls: { mode: 'existing-secret', existingSecret: 'next' } };
    await changeTo(toOwn, `${own}${mine}`);

    await t.test('to a certificate of mine', (t) =>
      unnoticed(t, playground, async () => {
        await changeTo(toMine, `${mine}${own}`);
        const served = await handshakesNow(playground, mine);
        t.same(
          served.map(({ problem }) => problem),
          ['', ''],
        );
      }),
    );
    await t.test('and back', (t) =>
      unnoticed(t, playground, async () => {
        await changeTo(toOwn, `${own}${mine}`);
        const served = await handshakesNow(playground, own);
        t.same(
          served.map(({ problem }) => problem),
          ['', ''],
        );
      }),
    );
  });
}
