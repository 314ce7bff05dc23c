import { readFileSync } from 'node:fs';
import { mergeBundles } from '@ecr-pull-secrets/certs-scripts/verify/bundle.ts';
import { readPemCertificates } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { parsedBy } from '@ecr-pull-secrets/shared/configuration.ts';
import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import { parseNamespacePattern } from '@ecr-pull-secrets/shared/namespace-pattern.ts';
import * as z from 'zod';
import { OPT_OUT_POLICIES } from '../pull-secrets/plan/opt-out-policy.ts';
import { roleArn, sessionSchemas } from '../credentials/identity.ts';
import { registriesSchema } from '../credentials/registries/registries.ts';
import { missedPodsSchema } from '../missed-pods/settings.ts';
import { certificateTimesSchema } from './certificate-times.ts';

/** Ten thousand namespaces in little more than three minutes, at a cost that etcd does not notice. */
const DEFAULT_WRITES_PER_SECOND = 50;

const namespaceRoleSchema = z.strictObject({
  roleArn,
  /** As `TARGET_NAMESPACE`. */
  namespaces: parsedBy(parseNamespacePattern),
  ...sessionSchemas,
});

/**
 * `additionalCaBundle` of `CONFIG_FILE`: PEM certificates that API servers are to trust besides what the
 * mode needs. While `tls.mode` changes, replicas of both modes serve, and each leader publishes both.
 * A key in it is refused: it would lie in a ConfigMap.
 */
const additionalBundleSchema = parsedBy((text) => {
  if (text.includes('PRIVATE KEY')) throw new Error('holds a private key: certificates alone belong here');
  if (text.trim() === '') return '';
  const [problem] = readPemCertificates(text).problems;
  if (problem !== undefined) {
    throw new Error(`must be certificates as PEM, -----BEGIN CERTIFICATE----- and so on: it ${problem}`);
  }
  return mergeBundles(text, []);
});

/** In errors: a file that is right, with the keys that people write. */
const EXAMPLE = JSON.stringify({
  registries: [{ host: '123456789012.dkr.ecr.us-east-1.amazonaws.com' }],
  optOut: 'expire',
});

/** `CONFIG_FILE`: what is too long for environment variables. Unknown keys are refused. */
export const configFileSchema = z.strictObject({
  /** Registries with the roles to assume for them. */
  registries: registriesSchema.default([]),
  /** The allow-list: roles that namespaces may use by annotation. */
  namespaceRoles: z.array(namespaceRoleSchema).default([]),
  /** What happens to the secret of a namespace that opted out. */
  optOut: z.enum(OPT_OUT_POLICIES).default('expire'),
  /** How fast a rotation is; namespaces whose pods cannot pull do not wait for it. */
  routineWritesPerSecond: z.number().positive().max(10_000).default(DEFAULT_WRITES_PER_SECOND),
  /** The lifetimes of the certificates in the self-managed mode. */
  certificates: certificateTimesSchema.prefault({}),
  /** Looks for pods that were not injected; if absent it does not. */
  missedPods: missedPodsSchema.optional(),
  /** What API servers trust in addition, as PEM. */
  additionalCaBundle: additionalBundleSchema.default(''),
});

export type ConfigFile = Readonly<z.output<typeof configFileSchema>>;

/**
 * Reads the file; without one the defaults apply.
 *
 * @throws ECRPS_CONFIGURATION_INVALID that names the file, and each wrong key with its problem
 */
export function readConfigFile(path: string | undefined, readText: (path: string) => string): ConfigFile {
  const result = configFileSchema.safeParse(path === undefined ? {} : readJson(path, readText));
  if (result.success) return Object.freeze(result.data);
  const problems = result.error.issues.map(({ path: key, message }) => `${key.join('.')}: ${message}`);
  const message = `CONFIG_FILE=${path}: ${problems.join('; ')}; for example ${EXAMPLE}`;
  throw createError('ECRPS_CONFIGURATION_INVALID', message);
}

function readJson(path: string, readText: (path: string) => string): unknown {
  try {
    return JSON.parse(readText(path));
  } catch (error) {
    throw createError('ECRPS_CONFIGURATION_INVALID', `CONFIG_FILE=${path} cannot be read`, error);
  }
}

/** Reads a file, synchronously: it is for the start of the process. */
export function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}
