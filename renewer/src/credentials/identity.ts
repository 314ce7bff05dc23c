import * as z from 'zod';

/** A role as IAM names it, in any partition; the chart's schema repeats it. */
export const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** A role in `CONFIG_FILE`. */
export const roleArn = z.string().regex(ROLE_ARN, 'is not the ARN of an IAM role');

/**
 * What STS accepts as the name of a session and as an external id; the chart's schema repeats both.
 *
 * Source: STS API Reference, AssumeRole.
 */
export const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

/** The name of a role's session, and the external id that its trust policy may require, in `CONFIG_FILE`. */
export const sessionSchemas = {
  externalId: textOf(
    EXTERNAL_ID,
    'is not an external id that STS takes: 2 to 1224 of the letters, digits and +=,.@:/-_; for example "our-cluster"',
  ),
  sessionName: textOf(
    SESSION_NAME,
    'is not a session name that STS takes: 2 to 64 of the letters, digits and +=,.@-_; for example "our-cluster"',
  ),
};

/** An empty text counts as none. */
function textOf(form: RegExp, problem: string) {
  return z
    .string()
    .refine((text) => text === '' || form.test(text), problem)
    .optional();
}

/** The identity that requests a token: the SDK's own, or a role that it assumes. */
export interface Identity {
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** Shows in CloudTrail. */
  readonly sessionName?: string | undefined;
}
