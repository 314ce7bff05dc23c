import { createError } from '@ecr-pull-secrets/shared/errors.ts';
import type { DeploymentEvents } from '../../deployment-events/deployment-events.ts';
import type { RenewerDependencies } from '../../dependencies.ts';
import { hostPortOf } from '../registries/registry-key.ts';
import type { TokenPlan, TokenRequest } from '../token-plan.ts';
import { awsFailureOf, describeFailure } from './aws-failure.ts';

/** Failures in a row before an outage is an Event: a short one is over after a few seconds. */
const FAILURES_OF_OUTAGE = 3;

/** Registries that an Event names. */
const NAMED = 3;

/** Reports on tokens to a person: Events of the Deployment, and the log and the metric of refused logins. */
export type TokenReports = ReturnType<typeof createTokenReports>;

export function createTokenReports(
  { events, logger, metrics }: Pick<RenewerDependencies, 'logger' | 'metrics'> & { readonly events: DeploymentEvents },
  { entriesOfTokens }: { readonly entriesOfTokens: ReadonlyMap<string, TokenPlan['entries']> },
) {
  const refusals = new Map<string, readonly string[]>();

  /** @returns whether something changed */
  function setRefusals(id: string, refusedBy: readonly string[]): boolean {
    const before = refusals.get(id) ?? [];
    for (const registry of before) metrics.registryLoginRefused.remove({ token: id, registry });
    for (const registry of refusedBy) metrics.registryLoginRefused.set({ token: id, registry }, 1);
    refusals.set(id, refusedBy);
    return before.join() !== refusedBy.join();
  }

  function registriesOf(id: string): string {
    const keys = (entriesOfTokens.get(id) ?? []).map(({ key }) =>
      key === undefined ? 'the registry of its account' : hostPortOf(key),
    );
    return listOf(keys);
  }

  return {
    /** AWS gave no token. */
    failed({ id, identity: { roleArn } }: TokenRequest, failures: number, error: unknown): void {
      const { reason, advice } = awsFailureOf(error, roleArn);
      if (reason !== 'AwsRefusedToken' && failures < FAILURES_OF_OUTAGE) return;
      const message = `The renewer gets no token for ${registriesOf(id)} with ${nameOf(roleArn)}. ${advice} The error: ${describeFailure(error)}`;
      events.report({ subject: `token ${id}`, reason, message });
    },
    /** AWS gave a token. */
    obtained({ id, identity: { roleArn } }: TokenRequest): void {
      const message = `The renewer gets tokens for ${registriesOf(id)} with ${nameOf(roleArn)} again.`;
      events.resolve({ subject: `token ${id}`, reason: 'RegistryTokenRenewed', message });
    },
    /**
     * Registries were tried with a new token.
     *
     * @param refusedBy - those that refuse it; if there are none, an earlier refusal is over
     * @param keptUntilMs - until when the older token is kept at most; `undefined` if the new one is used
     */
    tried(id: string, refusedBy: readonly string[], keptUntilMs: number | undefined): void {
      const isChange = setRefusals(id, refusedBy);
      const subject = `login ${id}`;
      if (refusedBy.length === 0) {
        const message = `The new token "${id}" logs in at ${registriesOf(id)}.`;
        return events.resolve({ subject, reason: 'RegistryTokenRenewed', message });
      }
      const consequence =
        keptUntilMs === undefined
          ? 'No older token logs in there either, so the new one is used. The renewer tries the login again after growing waits'
          : `The pull secrets keep the older token, which logs in there, until ${new Date(keptUntilMs).toISOString()} at most. The renewer requests another token after growing waits`;
      const message = `The new token "${id}" does not log in at ${listOf(refusedBy)} (ECR responds 401). ${consequence}. See docs/troubleshooting.md#a-registry-refuses-a-new-token.`;
      const facts = { token: id, registries: refusedBy, err: createError('ECRPS_TOKEN_REFUSED', message) };
      logger[isChange ? 'error' : 'debug'](facts, 'a registry refuses a new token');
      events.report({ subject, reason: 'RegistryRefusedToken', message });
    },
    /**
     * The token is not required any more. Its Events are still known: a tenant who removes the annotation of a refused
     * role and sets it again must cause no further ones.
     */
    forget(id: string): void {
      setRefusals(id, []);
    },
  };
}

/** Of an identity, in a sentence about the renewer. */
function nameOf(roleArn: string | undefined): string {
  return roleArn === undefined ? 'its AWS identity' : `the role ${roleArn}`;
}

function listOf(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${names.slice(0, NAMED).join(', ')}${more}`;
}
