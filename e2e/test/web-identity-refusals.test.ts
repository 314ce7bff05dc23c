import { readFile } from 'node:fs/promises';
import { createAwsTokenSource } from '@ecr-pull-secrets/renewer/credentials/aws/aws-token-source.ts';
import { planTokens } from '@ecr-pull-secrets/renewer/credentials/token-plan.ts';
import { createAwsRequestHandler } from '@ecr-pull-secrets/renewer/network/aws-request-handler.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { systemClock } from '@ecr-pull-secrets/shared/runtime/clock.ts';
import { startEcrStandIn } from '@ecr-pull-secrets/testbed/ecr-stand-in/server.ts';
import type { WebIdentityTrust } from '@ecr-pull-secrets/testbed/ecr-stand-in/web-identity.ts';
import { createTokenIssuer } from '@ecr-pull-secrets/testbed/testing/aws.ts';
import t from 'tap';

const ROLE = 'arn:aws:iam::123456789012:role/ecr-pull';
const ISSUER = 'https://issuer.example.com';
const SUBJECT = 'system:serviceaccount:ecr-pull-secrets:ecr-pull-secrets';

const issuer = createTokenIssuer('ec');

interface Mistake {
  readonly trust?: Partial<WebIdentityTrust>;
  readonly audience?: string;
}

/** The answers in the table of docs/aws.md, by the mistake that it names. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  'No OpenIDConnect provider found in your account for': { trust: { issuer: `${ISSUER}/` } },
  'Couldn’t retrieve verification key from your identity provider': { trust: { keys: [] } },
  'Incorrect token audience': { audience: 'https://kubernetes.default.svc' },
  'Not authorized to perform sts:AssumeRoleWithWebIdentity': { trust: { subject: `${SUBJECT}-2` } },
};

const page = await readFile(new URL('../../docs/aws.md', import.meta.url), 'utf8');

for (const [title, { trust, audience = 'sts.amazonaws.com' }] of Object.entries(MISTAKES)) {
  const answer = title.replace('’', "'");
  t.test(`the log contains "${answer}", as the page says`, async (t) => {
    t.match(page, `| \`${answer}`);
    const webIdentity = { issuer: ISSUER, keys: [issuer.jwk], subject: SUBJECT, ...trust };
    const standIn = await startEcrStandIn({ roles: [{ arn: ROLE, webIdentity }] });
    t.teardown(() => standIn.close());
    const exp = Math.floor(Date.now() / 1000) + 3_600;
    const directory = t.testdir({ token: issuer.issue({ iss: ISSUER, sub: SUBJECT, aud: [audience], exp }) });
    t.intercept(process, 'env', {
      value: {
        AWS_REGION: 'us-east-1',
        AWS_ENDPOINT_URL: standIn.endpoint,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_ROLE_ARN: ROLE,
        AWS_WEB_IDENTITY_TOKEN_FILE: `${directory}/token`,
      },
    });
    const requestHandler = createAwsRequestHandler({});
    t.teardown(() => requestHandler.destroy());
    const tokenSource = createAwsTokenSource({ clock: systemClock, requestHandler });
    const [request] = planTokens({ registries: [], region: 'us-east-1' }).requests;
    if (!request) return t.fail('there is a request');
    const failure = await tokenSource(request, new AbortController().signal).then(() => 'none', describeError);
    t.match(failure, / from AWS: (?:InvalidIdentityToken|AccessDenied)\w*: /, 'with the code of AWS');
    return t.match(failure, answer);
  });
}
