import t from 'tap';
import { chartOfRelease, pageOfRelease, valuesOfRelease } from '../../src/release-address/release-address.ts';
import { imageRepository, yamlField } from '../../src/release-check/chart-fields.ts';
import { readReleasePages } from '../../src/release-check/pages.ts';
import { releaseProblems } from '../../src/release-check/release-check.ts';
import { readText } from '../support/checkout.ts';

const ADDRESS = { source: 'Some-One/Pull.Secrets', version: '1.2.3' };
const IMAGE = 'ghcr.io/some-one/pull.secrets';
const CHART = 'oci://ghcr.io/some-one/charts/ecr-pull-secrets --version 1.2.3';

const page = (text: string, path = 'docs/aws.md') => pageOfRelease(path, text, ADDRESS);

t.test('a command installs the published chart, and needs no address of an image', (t) => {
  t.equal(
    page(
      '    helm install x ./chart --wait \\\n      --set image.repository=registry.example.com/ecr-pull-secrets \\\n      --set a=b\n',
    ),
    `    helm install x ${CHART} --wait \\\n      --set a=b\n`,
  );
  t.equal(
    page('helm install x ./chart --set image.repository=registry.example.com/ecr-pull-secrets\n'),
    `helm install x ${CHART}\n`,
  );
  t.equal(
    page('values:\n  image:\n    repository: registry.example.com/ecr-pull-secrets\n  a: b\n'),
    'values:\n  a: b\n',
  );
  t.equal(
    page('values:\n  image:\n    repository: registry.example.com/ecr-pull-secrets\n    tag: 1.2.3\n  a: b\n'),
    'values:\n  image:\n    tag: 1.2.3\n  a: b\n',
    'the other keys of the image stay',
  );
  t.equal(page('helm package ./chart\n'), `helm pull ${CHART}\n`);
  t.equal(page('docker run registry.example.com/ecr-pull-secrets:1.2.3'), `docker run ${IMAGE}:1.2.3`);
  t.end();
});

t.test('a folder of a GitRepository of Flux stays', (t) => {
  const field = '  chart:\n    spec:\n      chart: ./chart\n';
  t.equal(page(field), field);
  t.end();
});

t.test('a page about a registry of one’s own keeps its address', (t) => {
  const command = 'docker push registry.example.com/ecr-pull-secrets:1.2.3';
  t.equal(page(command, 'docs/image.md'), command);
  t.end();
});

t.test('the signature is that of the repository as GitHub spells it, the image has lower case', (t) => {
  t.equal(
    page(
      'cosign verify ghcr.io/<owner>/<repository>:1 --certificate-identity https://github.com/<owner>/<repository>/x',
    ),
    `cosign verify ${IMAGE}:1 --certificate-identity https://github.com/Some-One/Pull.Secrets/x`,
  );
  t.equal(page('ghcr.io/<owner>/charts'), 'ghcr.io/some-one/charts');
  t.end();
});

t.test('what is true only before the first release goes', (t) => {
  const text =
    'One.\n\n<!-- before the first release -->\nTwo.\n\n<!-- end -->\nThree <!-- before the first release -->or<!-- end -->four.\n';
  t.equal(page(text), 'One.\n\nThree four.\n');
  const atTheEnd = 'One.<!-- before the first release --> Two.<!-- end -->\n\nThree.\n';
  t.equal(page(atTheEnd), 'One.\n\nThree.\n', 'the next paragraph stays one of its own');
  t.end();
});

t.test('the check accepts today’s chart and pages once they have the address, and not before', async (t) => {
  const [chart, values, bake] = await Promise.all(
    ['chart/Chart.yaml', 'chart/values.yaml', 'docker-bake.hcl'].map(readText),
  );
  const version = yamlField(chart ?? '', 'version') ?? '';
  const address = { ...ADDRESS, version };
  const pages = await readReleasePages(new URL('../../../', import.meta.url));
  const before = {
    manifests: {},
    chart: chart ?? '',
    values: values ?? '',
    bake: bake ?? '',
    changelog: `## ${version}\n\n- x\n`,
    pages,
  };
  if (imageRepository(before.values) === undefined) {
    const problems = releaseProblems(`v${version}`, before, IMAGE).join('\n');
    t.match(problems, `chart/values.yaml, image.repository: it is empty, not ${IMAGE}`);
    t.match(problems, 'docs/image.md: it describes the state before the first release');
  }
  const after = {
    ...before,
    chart: chartOfRelease(before.chart, address),
    values: valuesOfRelease(before.values, address),
    pages: Object.fromEntries(Object.entries(pages).map(([path, text]) => [path, pageOfRelease(path, text, address)])),
  };
  t.strictSame(releaseProblems(`v${version}`, after, IMAGE), []);
  t.match(after.chart, /^home: https:\/\/github\.com\/Some-One\/Pull\.Secrets$/m);
  t.notMatch(after.values, 'registry.example.com/ecr-pull-secrets', 'the examples need no address either');
  t.match(after.values, `runbookUrl: https://github.com/Some-One/Pull.Secrets/blob/v${version}/docs/monitoring.md`);
});
