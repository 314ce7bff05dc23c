import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { startChart } from './support/chart.ts';
import { startBareHelm } from './support/helm-without-cluster.ts';

const { helm, lint, path, render } = await startChart(t);

t.test('it renders the same bytes twice', async (t) => {
  t.equal(await render(), await render());
});

t.test('it lints strictly', async (t) => {
  t.match(await lint(), /0 chart\(s\) failed/);
});

t.test('its package renders the same, and contains the files that the docs mention', async (t) => {
  const folder = t.testdir();
  await helm(['package', path, '--destination', folder]);
  const [name = '', ...others] = await readdir(folder);
  t.match(name, /^ecr-pull-secrets-\d+\.\d+\.\d+\S*\.tgz$/);
  t.same(others, []);
  const place = ['--namespace', 'ecr-pull-secrets', '--set', 'awsRegion=us-east-1'];
  const packed = await helm(['template', 'ecr-pull-secrets', join(folder, name), ...place]);
  t.equal(packed.stdout, await render());
  const { stdout } = await promisify(execFile)('tar', ['tzf', join(folder, name)]);
  const files = stdout.trimEnd().split('\n');
  for (const file of ['README.md', 'values.schema.json', 'profiles/k8s-ecr-login-renew.yaml']) {
    t.ok(files.includes(`ecr-pull-secrets/${file}`), file);
  }
});

t.test('it never renders a caBundle', async (t) => {
  t.notMatch(await render(), /^\s*caBundle:/m);
});

t.test(
  'the error for a missing repository contains the commands that build the image and bring it to the nodes',
  async (t) => {
    const bare = await startBareHelm(t);
    const region = ['--set', 'awsRegion=us-east-1'];
    const message = await bare(['template', 'x', path, ...region, '--set', 'image.repository=,image.tag=v7']).catch(
      describeError,
    );
    for (const part of [
      'image.repository is required',
      'docker buildx build --tag registry.example.com/ecr-pull-secrets:v7 --push .',
      '--set image.repository=registry.example.com/ecr-pull-secrets',
      '--set image.repository=localhost/ecr-pull-secrets,image.pullPolicy=Never',
      'docker save localhost/ecr-pull-secrets:v7 | sudo k3s ctr images import -',
      'kind load docker-image localhost/ecr-pull-secrets:v7',
      'minikube image load localhost/ecr-pull-secrets:v7',
    ]) {
      t.match(message, part);
    }
    const job = ['--set', 'cronjob.enabled=true,targetNamespace=a,cronjob.dockerImage=mine:1'];
    t.match((await bare(['template', 'x', path, ...region, ...job])).stdout, 'image: "mine:1"', 'it has an image');
  },
);

t.test('a repository with a scheme, a tag or a digest is rejected', async (t) => {
  const digest = `sha256:${'0'.repeat(64)}`;
  for (const repository of ['a.example/x:1', `a.example/x@${digest}`, 'https://a.example/x', 'x:1']) {
    await t.rejects(render('--set', `image.repository=${repository}`), /set only the repository/, repository);
  }
  for (const repository of ['a.example:5000/x', 'localhost/x', 'x']) {
    t.match(await render('--set', `image.repository=${repository}`), `image: "${repository}:`);
  }
});

t.test('the error for a missing region contains what to set', async (t) => {
  await t.rejects(helm(['template', 'x', path]), { message: /--set awsRegion=us-east-1/ });
});

t.test('an access key id without its secret access key is rejected by name', async (t) => {
  await t.rejects(render('--set', 'awsAccessKeyId=AKIA'), { message: /awsSecretAccessKey/ });
});

t.test('keys come from the named Secret, whether the chart creates it or not, or from nowhere', async (t) => {
  const made = await render('--set', 'awsAccessKeyId=AKIA,awsSecretAccessKey=s');
  t.match(made, /"AWS_ACCESS_KEY_ID": "AKIA"/);
  t.match(made, /secretKeyRef:\n\s+name: ecr-pull-secrets-aws\n/);
  const existing = await render('--set', 'aws.secretName=mine,aws.secretKeys.accessKeyId=id');
  t.match(existing, /secretKeyRef:\n\s+name: mine\n\s+key: id\n/);
  t.notMatch(existing, /^kind: Secret$/m);
  t.notMatch(await render(), /secretKeyRef/);
  t.notMatch(await render('--set', 'aws=null'), /secretKeyRef/);
});

t.test('registries and tolerations may have the old chart’s forms', async (t) => {
  const listed = await render('--set', 'registries={public.ecr.aws,ecr-public.aws.com}');
  t.match(listed, /\\"registries\\":\[\\"public.ecr.aws\\",\\"ecr-public.aws.com\\"\]/);
  t.notMatch(listed, /DOCKER_REGISTRIES/);
  t.match(await render('--set-string', 'registries=a.example\\,b.example'), /value: "a.example,b.example"/);
  const toleration = /tolerations:\n\s+- key: spot\n\s+operator: Exists\n/;
  t.match(await render('--set', 'tolerations[0].key=spot,tolerations[0].operator=Exists'), toleration);
  t.match(await render('--set', 'tolerations.key=spot,tolerations.operator=Exists'), toleration);
});

t.test('the webhook and the renewer get the same namespace selector', async (t) => {
  const rendered = await render(
    '--set-json',
    'namespaceSelector={"matchLabels":{"team":"x"},"matchExpressions":[{"key":"tier","operator":"In","values":["a","b"]},{"key":"frozen","operator":"DoesNotExist"}]}',
  );
  t.match(rendered, /value: "team=x,tier in \(a,b\),!frozen"/);
  t.match(rendered, /namespaceSelector:\n\s+matchLabels:\n\s+team: x\n\s+matchExpressions:\n\s+- key: tier/);
});

t.test('a change of the AWS keys or of the configuration replaces the pods', async (t) => {
  const withKey = (key: string) => render('--set', `awsAccessKeyId=AKIA,awsSecretAccessKey=${key}`);
  t.ok(checksum(await withKey('a'), 'aws-secret'));
  t.not(checksum(await withKey('a'), 'aws-secret'), checksum(await withKey('b'), 'aws-secret'));
  t.not(checksum(await render(), 'config'), checksum(await render('--set', 'optOut=keep'), 'config'));
});

t.test('IRSA is an annotation of the ServiceAccount, and the webhook gets no AWS identity', async (t) => {
  const roleArn = 'arn:aws:iam::123456789012:role/pull';
  const key = 'serviceAccount.annotations.eks\\.amazonaws\\.com/role-arn';
  const rendered = await render('--set', `${key}=${roleArn}`);
  t.match(rendered, new RegExp(`annotations:\\n\\s+eks.amazonaws.com/role-arn: ${roleArn}`));
  t.match(rendered, /eks.amazonaws.com\/skip-containers: webhook/);
});

t.test('failurePolicy Fail is rejected with a single replica', async (t) => {
  await t.rejects(render('--set', 'injection.failurePolicy=Fail,replicaCount=1'), {
    message: /needs replicaCount=2 or more/,
  });
  t.match(await render('--set', 'injection.failurePolicy=Fail'), /failurePolicy: Fail/);
});

t.test('no rollout and no drain of a node removes the last ready replica', async (t) => {
  const two = await render();
  t.match(two, /strategy:\n\s+rollingUpdate:\n\s+maxSurge: 1\n\s+maxUnavailable: 0\n\s+type: RollingUpdate\n/);
  t.match(two, /^kind: PodDisruptionBudget\n[^]*?\n  minAvailable: 1\n/m);
  // With a single replica no node could be drained.
  t.notMatch(await render('--set', 'replicaCount=1'), /PodDisruptionBudget/);
});

t.test('everything is rendered in the form in which the API server stores it', async (t) => {
  // Otherwise Helm after kubectl, or kubectl after itself, would find a difference each time.
  for (const mode of ['forHelm=false', 'cronjob.enabled=true,targetNamespace=a']) {
    t.notMatch(await render('--set', mode), /^ +value: (""|''|null)?$/m, mode);
  }
  const extraEnv = ['--set-json', 'webhook.extraEnv=[{"name":"EMPTY","value":""}]'];
  t.match(await render(...extraEnv), /- name: EMPTY\n +resources:/);
  const withoutType = await render('--set', 'updateStrategy.type=null');
  t.equal(withoutType, await render(), 'the strategy has its type in any case');
});

t.test('names may be null, as the old chart documents for aws', async (t) => {
  t.equal(await render('--set', 'names=null'), await render());
});

function checksum(rendered: string, name: string): string | undefined {
  return new RegExp(`checksum/${name}: (\\w+)`).exec(rendered)?.[1];
}
