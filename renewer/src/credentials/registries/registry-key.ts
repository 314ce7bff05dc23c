import { FORM_CHECKS, REGISTRY_RULE, type RegistryCheck } from './registry-rule.ts';

const ECR_HOST = new RegExp(REGISTRY_RULE.ecrHost);

/** An example for errors, in the usual form of k8s-ecr-login-renew. */
export const REGISTRY_EXAMPLE = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';

/** The most characters of a key that an error quotes. */
const QUOTED_LENGTH = 300;

/** The parts of a key; see `RegistryCheck`. */
function partsOf(key: string): Readonly<Record<RegistryCheck['of'], string>> {
  const address = key.replace(/^https?:\/\//, '');
  const hostPort = address.replace(/\/.*$/s, '');
  const host = hostPort.replace(/:\d*$/, '').toLowerCase();
  return { key, address, hostPort, host, path: address.slice(hostPort.length) };
}

/**
 * The host and port of a key, as written: consumers take a key with or without a scheme, a path and a trailing slash
 * (kubernetes `pkg/credentialprovider/keyring.go`, `Add`).
 */
export function hostPortOf(key: string): string {
  return partsOf(key).hostPort;
}

/** The host of a key, in lower case, without a scheme, a port and a path. */
export function hostOf(key: string): string {
  return partsOf(key).host;
}

/** Whether two keys stand for the same host. */
export function isSameHost(key: string, other: string): boolean {
  return hostOf(key) === hostOf(other);
}

/** Why a key must not be written, as the end of a sentence that begins with the key; `undefined` if it may. */
export function problemOf(key: string): string | undefined {
  return firstProblem(key, REGISTRY_RULE.checks);
}

/** As `problemOf`, without the checks of the domain. */
export function formProblemOf(key: string): string | undefined {
  return firstProblem(key, FORM_CHECKS);
}

function firstProblem(key: string, checks: readonly RegistryCheck[]): string | undefined {
  const parts = partsOf(key);
  return checks.find((check) => {
    const text = parts[check.of];
    if (check.if !== undefined && !new RegExp(check.if).test(text)) return false;
    return check.unless === undefined || !new RegExp(check.unless).test(text);
  })?.problem;
}

/** Whether AWS gives a token for the host of a key; account and region may be `*`. */
export function isEcrKey(key: string): boolean {
  return ECR_HOST.test(hostOf(key));
}

/** Quotes a key for a person, without user information, which may hold a password. */
export function quoteKey(key: string): string {
  const shown = key.replace(/[^/]*@/g, '…@');
  return JSON.stringify(shown.length > QUOTED_LENGTH ? `${shown.slice(0, QUOTED_LENGTH)}…` : shown);
}

/**
 * Reads `DOCKER_REGISTRIES`: keys split by commas, semicolons or blanks, of which newlines are one. Each stays as
 * written; empty ones are dropped.
 *
 * @throws an error that quotes the key that is refused, or has the number of keys if they are too many
 */
export function parseRegistryList(text: string): readonly string[] {
  const keys = text.split(/[,; \t\r\n\f\v]+/).filter((key) => key !== '');
  const { maximumEntries } = REGISTRY_RULE;
  if (keys.length > maximumEntries) {
    throw new Error(`has ${keys.length} registries, and a Secret has room for ${maximumEntries}`);
  }
  for (const key of keys) {
    const problem = problemOf(key);
    if (problem !== undefined) throw new Error(`${quoteKey(key)} ${problem}`);
  }
  return Object.freeze(keys);
}
