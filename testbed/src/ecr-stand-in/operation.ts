import type { AccessKeys } from './access-keys.ts';
import type { Protocol } from './aws-error.ts';
import type { Call } from './faults.ts';
import type { RoleOptions } from './roles.ts';
import type { TokenStore } from './tokens.ts';
import type { Answer } from './wire.ts';

/** What the operations work on. */
export interface AwsState {
  readonly accessKeys: AccessKeys;
  readonly tokens: TokenStore;
  readonly roles: readonly RoleOptions[];
  /** The role that the machine's instance profile gives to everybody on it. */
  readonly instanceRoleArn: string | undefined;
  readonly now: () => number;
}

/** A request that was understood as an operation of AWS, not yet verified or performed. */
export interface Operation extends Pick<Call, 'service' | 'operation' | 'roleArn'> {
  readonly protocol: Protocol;
  /** @throws a refusal */
  execute(): Answer | Promise<Answer>;
}
