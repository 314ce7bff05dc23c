import type { Answer } from './wire.ts';

/** One request to the stand-in's AWS side, as far as it is known before it is verified. */
export interface Call {
  readonly service: 'ecr' | 'ecr-public' | 'sts' | 'pod-identity' | 'instance-metadata';
  /** `GetAuthorizationToken`, `AssumeRole`, … */
  readonly operation: string;
  /** The region that the request was signed for; unsigned requests have none. */
  readonly region: string | undefined;
  readonly accessKeyId: string | undefined;
  /** The account and ARN that the access key belongs to, if the stand-in has the key. */
  readonly account: string | undefined;
  readonly principalArn: string | undefined;
  /** The role that was requested from STS. */
  readonly roleArn: string | undefined;
  /** The Host header: which endpoint the client believes it is talking to. */
  readonly host: string;
  /** When it came, in ms since the epoch, by the stand-in's clock. */
  readonly atMs: number;
}

/**
 * What goes wrong with a call:
 * - `throttle`: refused with the protocol's own throttling error
 * - `error`: refused with an AWS error of this code; status 400 by default
 * - `response`: answered with exactly this, as a proxy or load balancer would
 * - `hang`: the connection stays open and silent until the client leaves or the stand-in is closed
 * - `disconnect`: the connection is cut without an answer
 * - `delay`: served as usual, but later
 * - `rewrite`: served as usual, but a successful body is changed on its way out
 */
export type Fault =
  | { readonly kind: 'throttle' }
  | {
      readonly kind: 'error';
      readonly code: string;
      readonly message?: string;
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | ({ readonly kind: 'response' } & Answer)
  | { readonly kind: 'hang' }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'rewrite'; readonly rewrite: (body: string) => string };

/** Which calls a fault hits. */
export interface FaultScope {
  /** Default: every call. */
  readonly when?: (call: Call) => boolean;
  /** After so many hits the fault is over. Default: until it is removed. */
  readonly times?: number;
}

/** The faults in force, for a test to add and remove. */
export interface Faults {
  /** Adds a fault; the result removes it. Of several that fit a call, the one added last hits. */
  add(fault: Fault, scope?: FaultScope): () => void;
  /** Removes all. Connections that hang already stay so, as on a real network. */
  clear(): void;
}

/** The faults, with the side that serves the calls. */
export interface FaultBoard extends Faults {
  /** The fault that hits this call; counts the hit. */
  take(call: Call): Fault | undefined;
}

/** A board without faults. */
export function createFaultBoard(): FaultBoard {
  const rules = new Set<{ fault: Fault; when: (call: Call) => boolean; left: number }>();
  return {
    add: (fault, { when = () => true, times = Number.POSITIVE_INFINITY } = {}) => {
      const rule = { fault, when, left: times };
      rules.add(rule);
      return () => void rules.delete(rule);
    },
    clear: () => rules.clear(),
    take: (call) => {
      const rule = [...rules].findLast((candidate) => candidate.left > 0 && candidate.when(call));
      if (rule) rule.left -= 1;
      return rule?.fault;
    },
  };
}
