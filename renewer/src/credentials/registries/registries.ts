import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { z } from 'zod';
import { partitionOf, partitionsIn } from '../aws/aws-partition.ts';
import { hostOf, isEcrKey, problemOf, quoteKey } from './registry-key.ts';
import { REGISTRY_RULE } from './registry-rule.ts';

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

const ECR_EXAMPLE = '123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** A key that the rule allows, without blanks around it. */
const registryKey = z.string().transform((text, context) => {
  const key = text.trim();
  const problem = problemOf(key);
  if (problem !== undefined) {
    context.addIssue({ code: 'custom', message: `${quoteKey(key)} ${problem}` });
  }
  return key;
});

/** A registry in `CONFIG_FILE`: its host, or its host and how to get its token. */
const registrySchema = z.preprocess(
  (given) => (typeof given === 'string' ? { host: given } : given),
  z
    .strictObject({
      host: registryKey,
      roleArn: roleArn.optional(),
      ...sessionSchemas,
      // No key, but the name of a host: capitals do not count.
      tokenOf: z
        .string()
        .toLowerCase()
        .pipe(registryKey)
        .refine((key) => isEcrKey(key) && !key.includes('*'), {
          message: `is not the host of an ECR registry; for example ${ECR_EXAMPLE}`,
        })
        .optional(),
    })
    .superRefine(({ host, tokenOf }, context) => {
      if (isEcrKey(host) === (tokenOf === undefined)) return;
      const message = tokenOf
        ? 'is not for this entry: the host is an ECR registry, which takes its own token'
        : `is missing: ${quoteKey(host)} is no host of ECR, so say whose token it gets; for example ${ECR_EXAMPLE}`;
      context.addIssue({ code: 'custom', path: ['tokenOf'], message });
    }),
);

/** The registries in `CONFIG_FILE`. */
export const registriesSchema = z.array(registrySchema).max(REGISTRY_RULE.maximumEntries);

/** Which of AWS's services, and where, gives the tokens of a registry host. */
export interface TokenPlace {
  readonly service: 'ecr' | 'ecr-public';
  /** `undefined` if the key has a wildcard in its place. */
  readonly region: string | undefined;
  readonly fips: boolean;
  readonly dualStack: boolean;
  /** The partitions of AWS that it can be in: one if the region is known. */
  readonly partitions: readonly (string | undefined)[];
}

/** Tokens of ECR Public come from this region only. */
const ECR_PUBLIC_PLACE: TokenPlace = {
  service: 'ecr-public',
  region: 'us-east-1',
  fips: false,
  dualStack: false,
  partitions: ['aws'],
};

/** Stand for the wildcards of a key while its host is read. */
const ANY_ACCOUNT = '000000000000';
const ANY_REGION = 'any';

/** Reads the place off an ECR host, in any case; `undefined` for hosts that are not AWS's. */
export function placeOf(key: string): TokenPlace | undefined {
  const host = hostOf(key);
  if (!isEcrKey(key)) return undefined;
  const ecr = parseEcrHost(
    host.replace(/^\*\./, `${ANY_ACCOUNT}.`).replace('.*.', `.${ANY_REGION}.`),
  );
  if (!ecr) return ECR_PUBLIC_PLACE;
  const { region, fips, suffix } = ecr;
  const place = { service: 'ecr', fips, dualStack: suffix.startsWith('on.') } as const;
  return region === ANY_REGION
    ? { ...place, region: undefined, partitions: partitionsIn(suffix) }
    : { ...place, region, partitions: [partitionOf(region)] };
}

/** Whether two keys stand for the same host. */
export function isSameHost(key: string, other: string): boolean {
  return hostOf(key) === hostOf(other);
}
