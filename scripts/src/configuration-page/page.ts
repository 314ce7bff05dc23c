import { fileURLToPath } from 'node:url';
import { renewerVariables } from '@ecr-pull-secrets/renewer/config/configuration.ts';
import { renewOnceVariables } from '@ecr-pull-secrets/renewer/commands/renew-once/configuration.ts';
import { selfTestVariables } from '@ecr-pull-secrets/renewer/commands/self-test/configuration.ts';
import { webhookVariables } from '@ecr-pull-secrets/server/configuration.ts';
import { z } from 'zod';
import { configFileSection } from './config-file-section.ts';

/** The page that is made here. */
export const CONFIGURATION_PAGE = fileURLToPath(
  new URL('../../../docs/configuration.md', import.meta.url),
);

const HEAD = `# Configuration

Each command reads environment variables once, at its start. An empty variable counts as unset. A wrong one is named in the error, with an example. The chart sets those of the webhook and the renewer; its \`values.yaml\` says which value sets what.

This page is made from the code by \`npm run docs\`.
`;

const RENEW_ONCE = `
Also without an argument: the job of nabsul/k8s-ecr-login-renew, so that its CronJob works by changing the image. One run asks AWS once, writes the secret into every target namespace and ends.

| exit status | meaning |
|---|---|
| 0 | every target namespace has the new token; those that do not exist or are being deleted are skipped, and a line says so |
| 2 | a wrong setting, no token from AWS or no list of namespaces: nothing was written. Or some namespaces refused, or the run was stopped by SIGTERM or SIGINT, after the writes that it had begun: the others were written |

It needs the permissions \`get\`, \`create\` and \`patch\` for that one secret, and \`list\` for namespaces if \`TARGET_NAMESPACE\` has wildcards. Labels and annotations of namespaces do not count.

What differs from the old tool on purpose: a secret is never deleted to be made anew; one of another type is left alone and its namespace reported; each registry gets a token of its own region; registries may be split by semicolons and blanks too, and one that would send the token to others, or that no image can match, is an error; a namespace pattern that is a regular expression (\`team-(a|b)\`) is an error; a run without any target warns; a run goes on if its reader goes away (\`| head\`).
`;

const SELF_TEST = `
What \`helm test\` runs. It waits for the pull secret of one namespace, then creates a pod with an ECR image as a dry run, in which webhooks and policies take part, and looks whether that names the secret. Nothing is left behind. Exit status 1 with the reason if one of both is missing.

It needs the permissions \`get\` for that one secret, of which only the metadata is asked for, and \`create\` for pods.
`;

const AWS = `
## AWS

The renewer and \`renew-once\` use the AWS SDK's default chain: \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` and \`AWS_SESSION_TOKEN\`; shared files; a web identity (IRSA); EKS Pod Identity; the instance's role. Keys win over \`AWS_PROFILE\`, as with the AWS command line, and the older names \`AWS_ACCESS_KEY\` and \`AWS_SECRET_KEY\` count too. Blanks and newlines at either end of a key or a region do not count. \`AWS_ENDPOINT_URL\` and the SDK's other variables work as AWS documents them.

The identity needs \`ecr:GetAuthorizationToken\`, and the rights to pull: the token carries them.
`;

const KUBECONFIG = `
## Outside a cluster

A kubeconfig is read as kubectl reads it. \`KUBECONFIG\` may be a list of files with \`:\` between them: the first file that has a context, a cluster or a user wins with the whole entry, a file that does not exist is skipped, and relative paths start at the folder of their file. A \`server\` may have a path, as Rancher's has. \`proxy-url\` takes an http, https or socks5 URL, and wins over \`HTTPS_PROXY\` and \`NO_PROXY\`. Impersonation (\`as\`) is refused.
`;

const NETWORK = `
## Proxies and private authorities

The proxy variables are read as Go reads them, so what works for \`kubectl\` works here. They count for AWS and for the API server alike: name the API server's address in \`NO_PROXY\` (usually the range of the Services, \`10.96.0.0/12\`) unless the proxy reaches it. A proxy's user and password stand in its URL, percent-encoded; they appear in no log and no error. The chart sets them from \`proxy\`, where the API server's address is an exception already; \`proxy.existingSecret\` names a Secret with the ones that hold credentials.

\`NODE_EXTRA_CA_CERTS\` names a PEM file of authorities that are trusted besides the public ones: for a proxy that is reached by https or opens TLS, and for a private AWS endpoint. The API server is trusted by its own authority alone. The chart's \`extraCaCerts\` sets it from a ConfigMap. Do not set \`NODE_USE_ENV_PROXY\`: Node would send requests for the instance's metadata through \`HTTP_PROXY\`.
`;

/** The whole page, from the schemas that the code validates with. */
export function configurationPage(): string {
  return [
    HEAD,
    `\n## \`ecr-pull-secrets webhook\`\n\n${tableOf(webhookVariables)}`,
    `\n## \`ecr-pull-secrets renewer\`\n\n${tableOf(renewerVariables)}`,
    `\n## \`ecr-pull-secrets renew-once\`\n${RENEW_ONCE}\n${tableOf(renewOnceVariables)}`,
    `\n## \`ecr-pull-secrets test\`\n${SELF_TEST}\n${tableOf(selfTestVariables)}`,
    configFileSection(),
    AWS,
    KUBECONFIG,
    NETWORK,
  ].join('');
}

function tableOf(schema: z.ZodObject): string {
  const rows = Object.entries(schema.shape).map(([name, variable]) => {
    const { description = '', example = '' } = z.globalRegistry.get(variable) ?? {};
    const isRequired = !z.safeParse(variable, undefined).success;
    const need = isRequired ? ' Required.' : '';
    return `| \`${name}\` | ${description}${need} | \`${String(example)}\` |`;
  });
  return ['| variable | meaning | example |', '|---|---|---|', ...rows].join('\n').concat('\n');
}
