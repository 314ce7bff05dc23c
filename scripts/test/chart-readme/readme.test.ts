import t from 'tap';
import { parse } from 'yaml';
import { chartFileWithIcon } from '../../src/chart-readme/icon.ts';
import { addressOfPages, readValues } from '../../src/chart-readme/readme.ts';
import { valuesTables } from '../../src/chart-readme/table.ts';
import { readChartValues } from '../../src/chart-readme/values.ts';
import { readText } from '../support/checkout.ts';

/** "The Service has these annotations." A shorter text does not show what a value is for. */
const FEWEST_WORDS = 5;

/** A text that has a meaning only together with another place. */
const WITHOUT_CONTEXT = /^(?:see|as|the same|like|ditto)\b/i;

function problemOf(description: string): string | undefined {
  if (description.split(/\s+/).length < FEWEST_WORDS) return 'is too short';
  if (WITHOUT_CONTEXT.test(description)) return 'has no meaning by itself';
  return /^[A-Z].*$/s.test(description) ? undefined : 'is not a sentence';
}

t.test('each value and each section has a description that can be read by itself', async (t) => {
  const values = await readValues();
  const described = values.flatMap(({ path, comment, heading: [title, ...sentences] }) => [
    { name: path, description: comment.join(' ').trim() },
    ...(title === undefined ? [] : [{ name: title, description: sentences.join(' ') }]),
  ]);
  const problems = described.flatMap(({ name, description }) => {
    const problem = problemOf(description);
    return problem === undefined ? [] : `${name}: "${description}" ${problem}`;
  });
  t.strictSame(problems, []);
  t.ok(described.length - values.length >= 10, 'sections');
  t.ok((values[0]?.heading.length ?? 0) > 1, 'the first value begins a section');
  t.same(['', 'Scrape interval.', 'As in a pod of the cluster', 'name of the CronJob, if any'].map(problemOf), [
    'is too short',
    'is too short',
    'has no meaning by itself',
    'is not a sentence',
  ]);
});

t.test('there is a table for each section, with links and values as code', (t) => {
  const text = `## Pods
## See docs/a.md.

# A group of values, as in docs/aws.md#hosts.
tls:
  # A * and <fullname> with tls.mode and \`a*b\`.
  mode: x
## Rest
## Other values.

# The limit of something.
limit: 1
`;
  const schema = { properties: { tls: { properties: { mode: {} } }, limit: {} } };
  t.equal(
    valuesTables(readChartValues(text, schema), 'https://example.com'),
    `### Pods

See [docs/a.md](https://example.com/docs/a.md).

| value | default | meaning |
|---|---|---|
| \`tls\` |  | A group of values, as in [docs/aws.md#hosts](https://example.com/docs/aws.md#hosts). |
| \`tls.mode\` | \`"x"\` | A \\* and &lt;fullname> with \`tls.mode\` and \`a*b\`. |

### Rest

Other values.

| value | default | meaning |
|---|---|---|
| \`limit\` | \`1\` | The limit of something. |`,
  );
  t.end();
});

t.test('the links of a release are complete', (t) => {
  t.equal(addressOfPages('version: 1.2.3\n'), '..');
  const released = 'version: 1.2.3\nhome: https://github.com/owner/name\n';
  t.equal(addressOfPages(released), 'https://github.com/owner/name/blob/v1.2.3');
  t.end();
});

t.test('Chart.yaml has what Artifact Hub shows, and the icon is that of the file', async (t) => {
  const text = await readText('chart/Chart.yaml');
  t.equal(text, await chartFileWithIcon(), 'run: npm run chart-readme');
  const { version, icon, annotations } = parse(text);
  t.match(icon, /^data:image\/svg\+xml;base64,\w/);
  t.equal(annotations['artifacthub.io/prerelease'], String(version.includes('-')));
  t.equal(annotations['artifacthub.io/license'], 'Apache-2.0');
  t.equal(annotations['artifacthub.io/category'], 'security');
  for (const { url } of parse(annotations['artifacthub.io/links'])) t.match(url, /^https:\/\//);
  for (const { kind, description } of parse(annotations['artifacthub.io/changes'])) t.ok(kind && description);
});
