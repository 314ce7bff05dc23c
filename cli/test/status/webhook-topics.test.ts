import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import t, { type Test } from 'tap';
import type { StatusFinding } from '../../src/status/finding.ts';
import { modeOf, type ReleaseState } from '../../src/status/release-state.ts';
import { settingsOf } from '../../src/status/settings.ts';
import { certificateFindings } from '../../src/status/topics/certificate.ts';
import { injectionFindings } from '../../src/status/topics/injection.ts';
import { workloadOfDeployment } from '../../src/status/workload.ts';
import {
  CA,
  deploymentWith,
  HOUR_MS,
  NOW_MS,
  overviewWith,
  releaseWith,
  stateWith,
  webhookWith,
} from './support/state.ts';

const DAY_MS = 24 * HOUR_MS;
const now = new Date(NOW_MS);
const other = await createCa({ commonName: 'another', now });
const names = { serviceName: 'ecr-pull-secrets', namespace: 'ecr-pull-secrets', now, lifetimeMs: 7 * DAY_MS };
const { certificatePem } = await createServingCertificate(CA, names);

/** A webhook with this bundle, of which this chain is read. */
function served(caPem: string, servedChain?: string, changes: Partial<ReleaseState> = {}): Partial<ReleaseState> {
  return { webhook: webhookWith(caPem), servedChain, ...changes };
}

function statesOf(findings: readonly StatusFinding[]): readonly string[] {
  return findings.map(({ state, message }) => `${state}: ${message}`);
}

function check(t: Test, findings: readonly StatusFinding[], ...expected: readonly RegExp[]): void {
  const states = statesOf(findings);
  for (const each of expected) t.match(states.join('\n'), each);
}

function certificatesOf(...args: Parameters<typeof served>): readonly StatusFinding[] {
  return certificateFindings(stateWith(served(...args)));
}

t.test('the certificate: until when API servers trust it', async (t) => {
  const good = certificatesOf(CA.certificatePem, certificatePem);
  check(t, good, /^ok: the newest CA in caBundle expires at/, /^ok: the serving certificate expires at .*\(in 7 d\)$/m);
  t.match(good, { length: 2 });
  check(t, certificatesOf(CA.certificatePem), /^note: the serving certificate was not examined/m);
  check(
    t,
    certificatesOf(other.certificatePem, certificatePem),
    /^problem: the caBundle is wrong: no CA of the bundle/,
  );
  check(t, certificatesOf('junk'), /^problem: the caBundle cannot be read/);
  check(t, certificatesOf(''), /^problem: the webhook configuration has no caBundle/);
  const soon = { nowMs: NOW_MS + 6 * DAY_MS };
  check(
    t,
    certificatesOf(CA.certificatePem, certificatePem, soon),
    /^problem: the serving .*\(in 24 h\), and its renewal is late$/m,
  );
  const others = { settings: settingsOf({ TLS_MODE: 'existing-secret' }) };
  check(t, certificatesOf(CA.certificatePem, certificatePem, others), /^problem: the serving .*\(in 7 d\), and its/m);
  const inYear = { nowMs: NOW_MS + 340 * DAY_MS };
  check(
    t,
    certificatesOf(CA.certificatePem, undefined, { ...others, ...inYear }),
    /^ok: the newest CA .*\(in 25 d\)$/m,
  );
  check(
    t,
    certificatesOf(CA.certificatePem, undefined, inYear),
    /^problem: the newest CA .*, and its renewal is late/m,
  );
  check(
    t,
    certificatesOf(CA.certificatePem, certificatePem, { nowMs: NOW_MS + 8 * DAY_MS }),
    /^problem: .* is not valid: .* expired/,
  );
  check(
    t,
    certificatesOf(CA.certificatePem, undefined, { nowMs: NOW_MS + 800 * DAY_MS }),
    /^problem: all CAs in caBundle have expired/,
  );
  check(t, certificatesOf('', undefined, { webhooks: { unread: 'no right' } }), /^unknown: .*no right/);
  t.same(certificateFindings(stateWith({ webhook: undefined })), []);
  t.match(certificatesOf('junk')[0]?.command, /^kubectl logs/);
});

/** An attempt with these names of pull secrets. */
function tried(...found: readonly string[]): Partial<ReleaseState> {
  return { attempt: { namespace: 'payments', pullSecrets: { found } } };
}

function refused(unread: string): Partial<ReleaseState> {
  return { attempt: { namespace: 'payments', pullSecrets: { unread } } };
}

function readyReplicas(ready: number): Partial<ReleaseState> {
  const deployment = deploymentWith({ status: { readyReplicas: ready } });
  return { release: releaseWith({ found: workloadOfDeployment(deployment) }) };
}

function injectionOf(changes: Partial<ReleaseState>): readonly StatusFinding[] {
  return injectionFindings(stateWith(changes));
}

t.test('the injection: what the API server does with a new pod', async (t) => {
  check(
    t,
    injectionOf({}),
    /^ok: a new pod in payments gets the name of ecr-pull-secret \(dry run\)/,
    /^ok: 10 calls/m,
  );
  const missed = served(CA.certificatePem, certificatePem, tried('other'));
  check(
    t,
    injectionOf(missed),
    /^problem: a new pod in payments does not get .*: the API server does not reach the webhook, or/,
  );
  check(t, injectionOf({ ...missed, ...readyReplicas(0) }), /^problem: .*: no replica is ready/);
  check(
    t,
    injectionOf({ ...missed, unreachable: 'dial tcp: connection refused' }),
    /^problem: .*webhook: dial tcp: connection/,
  );
  const selectsNone = { ...missed, unreachable: 'no endpoints available for service "ecr-pull-secrets"' };
  check(t, injectionOf(selectsNone), /^problem: .*, although 2 replicas are ready: the selector of the Service/);
  t.match(injectionOf(selectsNone), [
    { command: /^kubectl get service ecr-pull-secrets --namespace .* --output wide$/ },
    {},
  ]);
  check(
    t,
    injectionOf(served(other.certificatePem, certificatePem, tried('x'))),
    /^problem: .* get .*: the caBundle is wrong/,
  );
  const failing = 'POST x answered 500: failed calling webhook "inject.ecr-pull-secrets.io": no endpoints';
  check(
    t,
    injectionOf({ ...missed, ...refused(failing) }),
    /^problem: a new pod in payments is rejected \(POST x answered 500/,
  );
  check(t, injectionOf(refused('exceeded quota')), /^unknown: whether .* cannot be determined: exceeded quota/);
  check(t, injectionOf({ webhooks: { found: [] }, webhook: undefined }), /^problem: there is no webhook configuration/);
  check(
    t,
    injectionOf({ attempt: undefined }),
    /^note: the injection was not tried, because no namespace has opted in/,
  );
  check(
    t,
    injectionOf({ attempt: undefined, namespaces: { unread: 'x' } }),
    /^unknown: the injection was not tried, because the namespaces cannot be/,
  );
});

t.test('the injection: what the API server counted', async (t) => {
  check(
    t,
    injectionOf({ counts: { found: { calls: 9, failedOpen: 3, rejected: 0 } } }),
    /^note: 3 pods, dry runs included, were not changed/m,
  );
  check(
    t,
    injectionOf({ counts: { found: { calls: 9, failedOpen: 0, rejected: 2 } } }),
    /^note: 2 pods were rejected, because/m,
  );
  check(
    t,
    injectionOf({ counts: { unread: 'no right' } }),
    /^note: the counts of the API server are not known: no right$/m,
  );
});

t.test('the mode: what injects', async (t) => {
  const policies = { mutatingPolicies: { found: [{ metadata: { name: 'ecr-pull-secrets' } }] } };
  const { spec } = deploymentWith();
  const containers = spec.template.spec.containers.filter(({ name }) => name === 'renewer');
  const withoutWebhook = deploymentWith({
    spec: { ...spec, template: { spec: { ...spec.template.spec, containers } } },
  });
  const alone = { release: releaseWith({ found: workloadOfDeployment(withoutWebhook) }), webhook: undefined };
  t.equal(modeOf(stateWith({})), 'webhook');
  t.equal(modeOf(stateWith(policies)), 'both');
  t.equal(modeOf(stateWith({ ...alone, ...policies })), 'policy');
  t.equal(modeOf(stateWith(alone)), 'none');
  t.equal(modeOf(stateWith({ ...alone, mutatingPolicies: { unread: 'no right' } })), 'unknown');
  t.equal(modeOf(stateWith({ release: releaseWith({ unread: 'no right' }) })), 'webhook');
  check(t, injectionFindings(stateWith(alone)), /^note: pods are not changed in this mode/);
  const inPolicyMode = injectionFindings(stateWith({ ...alone, ...policies, namespaces: { found: overviewWith() } }));
  t.same(statesOf(inPolicyMode), ['ok: a new pod in payments gets the name of ecr-pull-secret (dry run)']);
});
