import assert from 'node:assert/strict';
import { eventually } from '@ecr-pull-secrets/testbed/playground/eventually.ts';
import { documentOf } from '../support/pull-secret.ts';
import { world } from './world.ts';

export function newestPassword(): string {
  return world.ecr.issuedTokens().at(-1)?.password ?? 'none yet';
}

export function namesOf(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** What changes with each write, by namespace. */
export async function versionsOf(leader: string): Promise<Readonly<Record<string, string | undefined>>> {
  const secrets = await world.secretsOf(leader);
  return Object.fromEntries([...secrets].map(([namespace, { metadata }]) => [namespace, metadata.resourceVersion]));
}

export function filled(leader: string, namespaces: readonly string[]): Promise<void> {
  return eventually('the first fill', () => assertCurrent(leader, namespaces));
}

/** Throws unless these namespaces have the newest token, and others than before. */
export async function assertNewer(
  leader: string,
  before: Readonly<Record<string, string | undefined>>,
  namespaces: readonly string[],
): Promise<void> {
  await assertCurrent(leader, namespaces);
  const after = await versionsOf(leader);
  for (const namespace of namespaces) assert.notEqual(after[namespace], before[namespace]);
}

/** Throws unless all these namespaces, and no others, have the newest token. */
export async function assertCurrent(leader: string, names: readonly string[]): Promise<void> {
  const secrets = await world.secretsOf(leader);
  assert.equal(secrets.size, names.length);
  const password = newestPassword();
  for (const [namespace, secret] of secrets) {
    assert.ok(documentOf(secret).includes(password), namespace);
  }
}
