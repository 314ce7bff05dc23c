import { setTimeout as delay } from 'node:timers/promises';
import { awsErrorOf, createRefusal, isRefusal, type Protocol, type Refusal, renderError } from './aws-error.ts';
import type { Call, Fault, FaultBoard } from './faults.ts';
import type { AwsState, Operation } from './operation.ts';
import { readSignature } from './signature.ts';
import { type Answer, headerOf, type WireRequest } from './wire.ts';

/** A call that came, and what became of it. */
export interface CallRecord extends Call {
  /** The status of the answer; the kind of the fault if there was no answer; `pending` until then. */
  readonly outcome: number | 'hang' | 'disconnect' | 'pending';
}

/** What becomes of a connection: an answer, silence, or its end. */
export type Reply = Answer | 'hang' | 'disconnect';

/** Performs operations, applies the faults in force to them and records the calls. */
export interface CallHandler {
  readonly records: readonly CallRecord[];
  /** @throws only what is a defect of the stand-in, or the abort of a delay */
  handle(request: WireRequest, operation: Operation): Promise<Reply>;
}

/** A handler that gives up its delays when `signal` aborts. */
export function createCallHandler(state: AwsState, faults: FaultBoard, signal: AbortSignal): CallHandler {
  const records: CallRecord[] = [];
  const handle = async (request: WireRequest, operation: Operation): Promise<Reply> => {
    const call = describeCall(request, operation, state);
    const index = records.push({ ...call, outcome: 'pending' }) - 1;
    const fault = faults.take(call);
    if (fault?.kind === 'delay') await delay(fault.delayMs, undefined, { signal });
    const reply = failedReply(fault, operation.protocol) ?? (await execute(operation, fault));
    records[index] = { ...call, outcome: typeof reply === 'string' ? reply : reply.status };
    return reply;
  };
  return { records, handle };
}

function describeCall(request: WireRequest, operation: Operation, state: AwsState): Call {
  const claim = readSignature(request);
  const principal = claim && state.accessKeys.find(claim.accessKeyId)?.principal;
  return {
    service: operation.service,
    operation: operation.operation,
    region: claim?.scope.region,
    accessKeyId: claim?.accessKeyId,
    account: principal?.account,
    principalArn: principal?.arn,
    roleArn: operation.roleArn,
    host: headerOf(request, 'host'),
    atMs: state.now(),
  };
}

/** The reply of a fault that prevents the operation. */
function failedReply(fault: Fault | undefined, protocol: Protocol): Reply | undefined {
  switch (fault?.kind) {
    case 'hang':
    case 'disconnect':
      return fault.kind;
    case 'response':
      return fault;
    case 'throttle':
      return refuse(createRefusal('throttled', 'Rate exceeded'), protocol);
    case 'error':
      return renderError({ status: 400, message: fault.code, ...fault }, protocol);
    case 'delay':
    case 'rewrite':
    case undefined:
      break;
  }
  return undefined;
}

async function execute(operation: Operation, fault: Fault | undefined): Promise<Answer> {
  try {
    const answer = await operation.execute();
    return fault?.kind === 'rewrite' ? { ...answer, body: fault.rewrite(answer.body) } : answer;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return refuse(error, operation.protocol);
  }
}

function refuse(refusal: Refusal, protocol: Protocol): Answer {
  return renderError(awsErrorOf(refusal, protocol), protocol);
}
