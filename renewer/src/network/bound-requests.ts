import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

/** The limit of the work that goes on. */
const limits = new AsyncLocalStorage<AbortSignal>();

/** Answers with tokens and credentials have a few KiB. */
const LARGEST_ANSWER_BYTES = 1024 ** 2;

let isListening = false;

/**
 * Does work whose HTTP requests end when the signal aborts, those too that are made by libraries which
 * take no signal, and those that they make later: a connection that hangs would stay for ever, one more
 * with each try, and keep the process from ending. A request whose answer is larger than 1 MiB ends too: those
 * libraries read whole bodies.
 */
export function withBoundRequests<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  if (!isListening) subscribe('http.client.request.created', bindRequest);
  isListening = true;
  return limits.run(signal, work);
}

function bindRequest(message: unknown): void {
  const signal = limits.getStore();
  if (!signal || !isRequestMessage(message)) return;
  const { request } = message;
  const end = (): void => void request.destroy();
  // Its maker has not yet heard of it, and waits for an error of it.
  if (signal.aborted) return void setImmediate(end);
  signal.addEventListener('abort', end, { once: true });
  request.once('close', () => signal.removeEventListener('abort', end));
  request.once('socket', (socket) => boundAnswer(request, socket));
}

/** Counts the bytes of the connection while the request has it: nobody else's listener loses any. */
function boundAnswer(request: ClientRequest, socket: Socket): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_ANSWER_BYTES) request.destroy(new Error('the answer is too large'));
  };
  socket.on('data', count);
  request.once('close', () => socket.off('data', count));
}

/** As Node documents the channel. */
function isRequestMessage(message: unknown): message is { readonly request: ClientRequest } {
  return typeof message === 'object' && message !== null && 'request' in message;
}
