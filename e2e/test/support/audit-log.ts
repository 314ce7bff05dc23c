import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';

/** A request as the API server noted it (audit.k8s.io/v1, metadata level), as far as tests look at it. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly user: {
    readonly username: string;
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly objectRef?: {
    readonly resource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly stage: string;
  /** RFC 3339 with microseconds. */
  readonly requestReceivedTimestamp: string;
}

const RENEWERS = `system:serviceaccount:${PRODUCT_NAME}:${PRODUCT_NAME}`;

/**
 * Every request that the installed renewers made so far, in the order of their answers. A watch is
 * there once, from its end on.
 */
export async function requestsOfRenewers(auditLogPath: string | undefined): Promise<readonly AuditEvent[]> {
  if (!auditLogPath) throw new TypeError('the cluster writes no audit log');
  const events: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(auditLogPath) })) {
    // Most lines are others': parsing them all would take seconds.
    if (!line.includes(RENEWERS)) continue;
    const event: AuditEvent = JSON.parse(line);
    if (event.user.username === RENEWERS && event.stage === 'ResponseComplete') events.push(event);
  }
  return events;
}

/** The pod whose token came with the request (KEP-1205, bound service account tokens). */
export function podOf({ user }: AuditEvent): string | undefined {
  return user.extra?.['authentication.kubernetes.io/pod-name']?.[0];
}

/** Whether the request succeeded. */
export function hasSucceeded({ responseStatus }: AuditEvent): boolean {
  return (responseStatus?.code ?? 500) < 300;
}
