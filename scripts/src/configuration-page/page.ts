import { fileURLToPath } from 'node:url';
import { renewerVariables } from '@ecr-pull-secrets/renewer/config/renewer-variables.ts';
import { renewOnceVariables } from '@ecr-pull-secrets/renewer/commands/renew-once/configuration.ts';
import { selfTestVariables } from '@ecr-pull-secrets/renewer/commands/self-test/configuration.ts';
import { webhookVariables } from '@ecr-pull-secrets/server/configuration.ts';
import * as z from 'zod';
import { configFileSection } from './config-file-section.ts';

/** The page that this file generates. */
export const CONFIGURATION_PAGE = fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url));

const HEAD = `# Configuration

Each command reads environment variables once, when it starts. An empty variable counts as unset. If a variable is wrong, the error names it and contains an example. The command does not start without a variable whose default is "required". The chart sets the variables of the webhook and the renewer from its [values](../chart/README.md#values). [Labels and annotations](labels-and-annotations.md) are settings of a single namespace, pod or Secret. The [glossary](glossary.md) explains the words.

This page is generated from the code by \`npm run docs\`.
`;

const RENEW_ONCE = `
This command, which is also the default without an argument, does the work of nabsul/k8s-ecr-login-renew, so that you can change only the image of its CronJob. One run requests the tokens from AWS once, writes the secret into every target namespace and ends.

| exit status | meaning |
|---|---|
| 0 | every target namespace has the new token; namespaces that do not exist or are being deleted are skipped, and a line reports it |
| 2 | a setting is wrong, AWS gave no token, or the namespaces could not be listed: nothing was written. Or the writes to some namespaces were refused, or the run was stopped by SIGTERM or SIGINT, after the writes that it had begun: the other namespaces were written |

The command needs the permissions \`get\`, \`create\` and \`patch\` for that one secret, and \`list\` for namespaces if \`TARGET_NAMESPACE\` contains wildcards. It ignores labels and annotations of namespaces.

These differences from the old tool are intended:

- The command never deletes a secret to create it again. It does not change a secret of another type, and reports the namespace.
- Each registry gets a token of its own region.
- Semicolons and blanks also separate registries. A registry that would send the token to other hosts, or that no image can match, is an error.
- A namespace pattern that is a regular expression (\`team-(a|b)\`) is an error.
- A run without any target prints a warning.
- A run continues if the reader of its output ends (\`| head\`).
`;

const SELF_TEST = `
\`helm test\` runs this command. It waits for the pull secret of one namespace. Then it creates a pod with an ECR image as a dry run, in which webhooks and policies take part, and checks whether the pod names the secret. It leaves nothing behind. If the secret or its name is missing, the exit status is 1 and the output contains the reason.

The command needs the permissions \`get\` for that one secret, of which it requests only the metadata, and \`create\` for pods.
`;

const AWS = `
## AWS

The renewer and \`renew-once\` use the AWS SDK's default chain: \`AWS_ACCESS_KEY_ID\`, \`AWS_SECRET_ACCESS_KEY\` and \`AWS_SESSION_TOKEN\`; shared files; a web identity (IRSA); EKS Pod Identity; the instance role. Keys take precedence over \`AWS_PROFILE\`, as with the AWS command line. The older names \`AWS_ACCESS_KEY\` and \`AWS_SECRET_KEY\` are also read. Blanks and newlines at either end of a key or a region are ignored. \`AWS_ENDPOINT_URL\` and the SDK's other variables work as AWS documents them.

The identity needs \`ecr:GetAuthorizationToken\`, and the rights to pull, which the token inherits.
`;

const KUBECONFIG = `
## Outside a cluster

The command reads a kubeconfig as kubectl reads it. \`KUBECONFIG\` may be a list of files, separated by \`:\`. The first file that contains a context, a cluster or a user provides the whole entry. A file that does not exist is skipped. Relative paths start at the folder of their file. A \`server\` may have a path, as with Rancher. \`proxy-url\` accepts an http, https or socks5 URL, and takes precedence over \`HTTPS_PROXY\` and \`NO_PROXY\`. Impersonation (\`as\`) is an error.
`;

const NETWORK = `
## Proxies and private CAs

The proxy variables are read as Go reads them, so that settings for \`kubectl\` also work here. They apply to AWS and to the API server: add the API server's address to \`NO_PROXY\` (usually the range of the Services, \`10.96.0.0/12\`) unless the proxy can reach it. The URL of a proxy contains its user and password, percent-encoded. They appear in no log and no error. The chart sets the variables from \`proxy\`, and adds the API server's address to the exceptions. \`proxy.existingSecret\` names a Secret with the variables that contain credentials.

\`NODE_EXTRA_CA_CERTS\` names a PEM file of CAs that are trusted in addition to the public ones: for a proxy that is reached by https or that inspects TLS, and for a private AWS endpoint. For the API server only its own CA is trusted. The chart's \`extraCaCerts\` sets the variable from a ConfigMap. Do not set \`NODE_USE_ENV_PROXY\`, because Node would send requests for the instance metadata through \`HTTP_PROXY\`.
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
    return `| \`${name}\` | ${defaultOf(variable)} | ${description} | \`${String(example)}\` |`;
  });
  return ['| variable | default | meaning | example |', '|---|---|---|---|', ...rows].join('\n').concat('\n');
}

/** As a person would write it; a default of a parsed variable is the text before it is parsed. */
export function defaultOf(variable: z.core.$ZodType): string {
  if (!z.safeParse(variable, undefined).success) return 'required';
  const hasDefault = variable instanceof z.ZodDefault || variable instanceof z.ZodPrefault;
  const value = hasDefault ? String(variable.def.defaultValue) : '';
  return value === '' ? 'not set' : `\`${value}\``;
}
