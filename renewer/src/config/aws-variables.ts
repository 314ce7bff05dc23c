import * as z from 'zod';
import { ROLE_ARN, SESSION_NAME } from '../credentials/identity.ts';

/** The form of a region's name, in any partition; the chart's schema repeats it. */
export const AWS_REGION = /^[a-z]{2,5}(-[a-z]+)+-\d+$/;

/** Keys of AWS, which sign requests. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const KEY_ID_EXAMPLE = 'AKIAIOSFODNN7EXAMPLE';
const SECRET_KEY_EXAMPLE = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

/**
 * Variables that the AWS SDK for Go reads, and so does the tool that this replaces, but that the SDK for JavaScript
 * does not read or reads in another way. Blanks and newlines around a value do not count: `echo` and editors
 * leave them in the file of a Secret, and no value has any.
 *
 * Source: aws-sdk-go-v2 `config/env_config.go`.
 */
export const awsVariables = {
  AWS_REGION: awsText(AWS_REGION, 'is not an AWS region').meta({
    description:
      'Region of the registry. If this is not set, `AWS_DEFAULT_REGION` applies, and then the AWS SDK’s own search.',
    example: 'us-east-1',
  }),
  AWS_DEFAULT_REGION: awsText(AWS_REGION, 'is not an AWS region').meta({
    description: 'Used if `AWS_REGION` is not set.',
    example: 'us-east-1',
  }),
  AWS_ACCESS_KEY_ID: accessKeyId(
    'The id of an access key. It takes precedence over `AWS_PROFILE`, as with the other tools of AWS.',
  ),
  AWS_ACCESS_KEY: accessKeyId('Used if `AWS_ACCESS_KEY_ID` is not set.'),
  AWS_SECRET_ACCESS_KEY: secretKey('The secret key of `AWS_ACCESS_KEY_ID`.'),
  AWS_SECRET_KEY: secretKey('Used if `AWS_SECRET_ACCESS_KEY` is not set.'),
  AWS_SESSION_TOKEN: visibleText().meta({
    description: 'The session token of temporary keys.',
    example: 'IQoJb3JpZ2luX2VjEXAMPLE',
    secret: true,
  }),
  // The SDK reads these two itself, blanks included.
  AWS_ROLE_SESSION_NAME: exactly(SESSION_NAME, 'is not a session name that STS takes').meta({
    description: 'Name of the session of a web identity (IRSA) in CloudTrail.',
    example: 'our-cluster',
  }),
  AWS_ROLE_ARN: exactly(ROLE_ARN, 'is not the ARN of an IAM role').meta({
    description: 'Role of a web identity (IRSA). On EKS the pod identity webhook sets it.',
    example: 'arn:aws:iam::123456789012:role/ecr-pull',
  }),
};

/** Their values. */
export type AwsVariables = z.output<z.ZodObject<typeof awsVariables>>;

/** The keys of the environment; `undefined` unless both parts are there. */
export function awsKeysOf(variables: AwsVariables): AwsKeys | undefined {
  const id = variables.AWS_ACCESS_KEY_ID || variables.AWS_ACCESS_KEY;
  const secretAccessKey = variables.AWS_SECRET_ACCESS_KEY || variables.AWS_SECRET_KEY;
  const sessionToken = variables.AWS_SESSION_TOKEN;
  if (!id || !secretAccessKey) return undefined;
  return Object.freeze({
    accessKeyId: id,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
  });
}

/** The region that the environment names. */
export function awsRegionOf(variables: AwsVariables): string | undefined {
  return variables.AWS_REGION || variables.AWS_DEFAULT_REGION || undefined;
}

/** The value is not quoted: it may be the secret key, in the wrong variable. */
function accessKeyId(description: string) {
  return awsText(/^\w+$/, 'is not an access key id: it has other characters than A-Z and 0-9').meta({
    description,
    example: KEY_ID_EXAMPLE,
    secret: true,
  });
}

function secretKey(description: string) {
  return visibleText().meta({ description, example: SECRET_KEY_EXAMPLE, secret: true });
}

function visibleText() {
  return awsText(/^[!-~]+$/, 'has a blank, a newline or a character that is not ASCII within it');
}

/** Text of a form, with blanks around it if need be; blanks alone count as none. */
function awsText(form: RegExp, problem: string) {
  return z
    .string()
    .trim()
    .refine((text) => text === '' || form.test(text), problem)
    .optional();
}

function exactly(form: RegExp, problem: string) {
  return z.string().regex(form, problem).optional();
}
