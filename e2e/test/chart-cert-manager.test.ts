import t from 'tap';
import { settingsOf, startChart } from './support/chart.ts';

const { objects } = await startChart(t);

const NAME = 'ecr-pull-secrets';

interface Certificates {
  readonly serving: Readonly<Record<string, unknown>> | undefined;
  readonly ca: Readonly<Record<string, unknown>> | undefined;
}

/** The specs of both Certificates. */
async function certificatesWith(certManager: Readonly<Record<string, unknown>>): Promise<Certificates> {
  const rendered = await objects(...settingsOf({ 'tls.mode': 'cert-manager', 'tls.certManager': certManager }));
  const specOf = (name: string) => {
    const object = rendered[`Certificate ${name}`];
    return object && Object(object['spec']);
  };
  return { serving: specOf(NAME), ca: specOf(`${NAME}-ca`) };
}

t.test('the keys of the certificate and of its CA have the algorithm and the size of the values', async (t) => {
  const { serving, ca } = await certificatesWith({});
  t.strictSame(serving?.['privateKey'], { algorithm: 'ECDSA', rotationPolicy: 'Always' });
  t.strictSame(ca?.['privateKey'], { algorithm: 'ECDSA' });
  const rsa = await certificatesWith({ privateKey: { algorithm: 'RSA', size: 4096, rotationPolicy: 'Never' } });
  t.strictSame(rsa.serving?.['privateKey'], { algorithm: 'RSA', size: 4096, rotationPolicy: 'Never' });
  t.strictSame(rsa.ca?.['privateKey'], { algorithm: 'RSA', size: 4096 });
});

t.test('renewBefore is set only if the values have it', async (t) => {
  t.notOk('renewBefore' in ((await certificatesWith({})).serving ?? {}));
  t.match((await certificatesWith({ renewBefore: '240h' })).serving, { renewBefore: '240h', duration: '2160h' });
});

t.test('the certificate has the name in the domain of the cluster, if the values have one', async (t) => {
  const called = `${NAME}.${NAME}.svc`;
  t.match((await certificatesWith({})).serving, { dnsNames: [called, `${called}.cluster.local`] });
  t.match((await certificatesWith({ clusterDomain: 'corp.example' })).serving, {
    dnsNames: [called, `${called}.corp.example`],
  });
  t.strictSame((await certificatesWith({ clusterDomain: '' })).serving?.['dnsNames'], [called]);
});

t.test('an issuer of the user replaces the CA of the chart', async (t) => {
  const issuerRef = { name: 'corporate', kind: 'ClusterIssuer', group: 'cert-manager.io' };
  const { serving, ca } = await certificatesWith({ issuerRef });
  t.strictSame(serving?.['issuerRef'], issuerRef);
  t.equal(ca, undefined);
});
