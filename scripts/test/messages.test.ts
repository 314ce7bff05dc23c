import t from 'tap';
import { listFiles, readPages, readText } from './support/checkout.ts';

/** Pages that a reader searches for the message that a program printed. */
const PAGES = ['docs/troubleshooting.md', 'docs/operations.md', 'docs/monitoring.md'];

/** Messages of others that the pages quote, by the program that prints them. Each must occur. */
const MESSAGES_OF_OTHERS: Readonly<Record<string, readonly string[]>> = {
  kubelet: ['Unable to retrieve some image pull secrets (ecr-pull-secret)'],
  'containerd, CRI-O, Docker': [
    'no basic auth credentials',
    'authentication required',
    '401 Unauthorized',
    '403 Forbidden',
    'not found',
    'manifest unknown',
    '429 Too Many Requests',
    'no match for platform in manifest',
    'pull access denied, repository does not exist or may require authorization',
  ],
  ECR: [
    'Your authorization token has expired. Reauthenticate and try again.',
    'Your authorization token has expired',
    "The repository with name 'app' does not exist",
  ],
  'Docker Hub': ['You have reached your pull rate limit'],
  'Go, in a container runtime or in the API server': [
    'i/o timeout',
    'no such host',
    'connection refused',
    'no route to host',
    'context deadline exceeded',
    'TLS handshake timeout',
    'network is unreachable',
    'no space left on device',
    'certificate signed by unknown authority',
    'certificate has expired',
    'is not valid for any names',
  ],
  'API server': [
    'failed calling webhook "inject.ecr-pull-secrets.io"',
    'no endpoints available',
    'Address is not allowed',
    'violates PodSecurity',
    "Validation failed for ValidatingAdmissionPolicy 'ecr-pull-secrets-check'",
    'exceeded quota',
  ],
  AWS: [
    'is not authorized to perform: ecr:BatchGetImage',
    'not authorized to perform',
    'Could not load credentials from any providers',
    'No OpenIDConnect provider found',
    "Couldn't retrieve verification key",
    'Incorrect token audience',
  ],
  Helm: [
    'failed: conflict occurred while applying object',
    'already exists',
    'conflict with "admissionsenforcer"',
    'conflict with "…" …: .spec.replicas',
    'conflict with "…"',
    'invalid ownership metadata',
  ],
};

/** Our messages that no file has as a whole, with the parts that files have. Each must occur. */
const COMPOSED: Readonly<Record<string, readonly string[]>> = {
  'Fetching auth data from AWS... failed.': ["'Fetching auth data from AWS... '", "'failed.\\n'"],
  'skipped: there is no such namespace': ["kind: 'skipped'", "'there is no such namespace'"],
  'skipped: the namespace is being deleted': ["kind: 'skipped'", "'the namespace is being deleted'"],
  'CA bundle reconciliation failed': ["'CA bundle'", '`${name} reconciliation failed`'],
  'no answer within 25000 ms': ['`no answer within ${timeoutMs} ms from ${from}`'],
  'ecr-pull-secret was not added to it': ['was not added to it'],
  'WARNING: no admission policy fences …': ['`WARNING: ${UNFENCED}\\n`', "'no admission policy fences"],
};

/** A command, a setting, or a name with its value. */
const NO_MESSAGE = /^(?:kubectl|helm|flux|aws|ecr-pull-secrets|sum by) |^[\w./-]+: [\w-]+$|^[a-z-]+=/;

const files = (await listFiles()).filter((path) =>
  /^(?:shared|kube|server|renewer|certs-scripts|cli)\/src\/|^chart\/templates\//.test(path),
);
const code = (await Promise.all(files.map(readText))).join('\n');
const pages = await readPages();
const quoted = new Set(PAGES.flatMap((page) => messagesOn(pages.get(page) ?? '')));
const ofOthers = new Set(Object.values(MESSAGES_OF_OTHERS).flat());

/** Quotations in backticks with more than one word. */
function messagesOn(page: string): readonly string[] {
  const prose = page.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/^ {4,}.*$/gm, '');
  const spans = [...prose.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return spans.filter((span) => span.includes(' ') && !NO_MESSAGE.test(span));
}

function isOurs(message: string): boolean {
  const parts = COMPOSED[message] ?? message.split('…').map((part) => part.trim());
  return parts.every((part) => code.includes(part));
}

t.test('each message that a page quotes is in our code, or is known to be of another program', (t) => {
  t.ok(quoted.size > 50, `${quoted.size} messages`);
  t.strictSame(
    [...quoted].filter((message) => !ofOthers.has(message) && !isOurs(message)),
    [],
  );
  t.end();
});

t.test('no exception is for a message that no page quotes', (t) => {
  const exceptions = [...ofOthers, ...Object.keys(COMPOSED)];
  t.strictSame(
    exceptions.filter((message) => !quoted.has(message)),
    [],
  );
  t.end();
});
