import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { withoutPort } from '@ecr-pull-secrets/shared/image-reference.ts';
import { z } from 'zod';
import { registryHostOf } from './registry-host.ts';

/** Hosts of ECR Public, the second one dual-stack. */
const ECR_PUBLIC_HOSTS = new Set(['public.ecr.aws', 'ecr-public.aws.com']);

/** A role as IAM names it, in any partition; the chart's schema repeats it. */
export const ROLE_ARN = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/** A role in `CONFIG_FILE`. */
export const roleArn = z.string().regex(ROLE_ARN, 'is not the ARN of an IAM role');

/**
 * What STS takes as the name of a session and as an external id; the chart's schema repeats both.
 *
 * Source: STS API Reference, AssumeRole.
 */
export const SESSION_NAME = /^[\w+=,.@-]{2,64}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

/** How the session of a role is called, and what the role's trust policy asks for, in `CONFIG_FILE`. */
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

/** Who asks AWS for a token: the SDK's own identity, or a role that it assumes. */
export interface Identity {
  readonly roleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** Shows in CloudTrail. */
  readonly sessionName?: string | undefined;
}

/** A registry for which credentials are written. */
export interface Registry extends Identity {
  /** The key of `auths`, as given: a host, with or without scheme and slashes. */
  readonly host: string;
  /** For a host that is no ECR name (a proxy, a CNAME): the ECR host whose token it takes. */
  readonly tokenOf?: string | undefined;
}

/** A registry in `CONFIG_FILE`: its host, or its host and how to get its token. */
export const registrySchema = z.preprocess(
  (given) => (typeof given === 'string' ? { host: given } : given),
  z
    .strictObject({
      host: z.string().refine((host) => registryHostOf(host).trim() !== '', 'has no host'),
      roleArn: roleArn.optional(),
      ...sessionSchemas,
      tokenOf: z
        .string()
        .refine((host) => placeOf(host) !== undefined, 'is not the host of an ECR registry')
        .optional(),
    })
    .refine(({ host, tokenOf }) => tokenOf === undefined || placeOf(host) === undefined, {
      path: ['tokenOf'],
      message: 'is not for this entry: the host is an ECR registry, which takes its own token',
    }),
);

/** Which of AWS's services, and where, gives the tokens of a registry host. */
export interface TokenPlace {
  readonly service: 'ecr' | 'ecr-public';
  readonly region: string;
  readonly fips: boolean;
  readonly dualStack: boolean;
}

/** Tokens of ECR Public come from this region only. */
const ECR_PUBLIC_PLACE: TokenPlace = {
  service: 'ecr-public',
  region: 'us-east-1',
  fips: false,
  dualStack: false,
};

/** Reads the place off an ECR host, in any case; `undefined` for hosts that are not AWS's. */
export function placeOf(key: string): TokenPlace | undefined {
  const host = hostNameOf(key);
  if (ECR_PUBLIC_HOSTS.has(host)) return ECR_PUBLIC_PLACE;
  const ecr = parseEcrHost(host);
  if (!ecr) return undefined;
  const { region, fips, suffix } = ecr;
  return { service: 'ecr', region, fips, dualStack: suffix.startsWith('on.') };
}

/** Whether two keys stand for the same host. */
export function isSameHost(key: string, other: string): boolean {
  return hostNameOf(key) === hostNameOf(other);
}

function hostNameOf(key: string): string {
  return withoutPort(registryHostOf(key.toLowerCase()));
}
