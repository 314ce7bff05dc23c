import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { readJsonOperation } from './aws-json.ts';
import type { CallHandler, Reply } from './calls.ts';
import { readMetadataOperation } from './instance-metadata.ts';
import type { AwsState, Operation } from './operation.ts';
import { readPodIdentityOperation } from './pod-identity.ts';
import { answerRegistry, type RegistryState } from './registry.ts';
import { readQueryOperation } from './sts-query.ts';
import type { Answer, WireRequest } from './wire.ts';

/** Separates the registry's paths from the AWS side and writes the reply of either to the connection. */
export function createListener(aws: AwsState, registry: RegistryState, calls: CallHandler): RequestListener {
  const reply = async (incoming: IncomingMessage): Promise<Reply> => {
    const request = await read(incoming);
    if (/^\/((v2|token)\/?(\?|$)|(v2|layers)\/)/.test(request.url)) return answerRegistry(request, registry);
    const operation = readOperation(request, aws);
    return operation ? calls.handle(request, operation) : NOT_FOUND;
  };
  return (incoming, outgoing) => {
    // The SDK corrects its own clock by this header; Node would set the machine's time.
    outgoing.setHeader('date', new Date(aws.now()).toUTCString());
    outgoing.setHeader('x-amzn-requestid', randomUUID());
    void reply(incoming)
      .catch(defectAnswer)
      .then((outcome) => send(outgoing, outcome));
  };
}

const NOT_FOUND: Answer = { status: 404, headers: {}, body: 'ECR stand-in: no such path\n' };

/** A defect of the stand-in must be seen in the test that met it. */
function defectAnswer(error: unknown): Answer {
  return { status: 500, headers: {}, body: `ECR stand-in: ${describeError(error)}\n` };
}

function readOperation(request: WireRequest, state: AwsState): Operation | undefined {
  const isApiCall = request.method === 'POST' && request.url === '/';
  return isApiCall
    ? (readJsonOperation(request, state) ?? readQueryOperation(request, state))
    : (readPodIdentityOperation(request, state) ?? readMetadataOperation(request, state));
}

async function read(incoming: IncomingMessage): Promise<WireRequest> {
  const { method = '', url = '', headers } = incoming;
  return { method, url, headers, body: await text(incoming) };
}

function send(outgoing: ServerResponse, reply: Reply): void {
  if (reply === 'hang') return;
  if (reply === 'disconnect') outgoing.destroy();
  else outgoing.writeHead(reply.status, reply.headers).end(reply.body);
}
