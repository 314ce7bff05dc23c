import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';

/** The signal of the work that runs. */
const limits = new AsyncLocalStorage<AbortSignal>();

/** Answers with tokens and credentials have a few KiB. */
const LARGEST_ANSWER_BYTES = 1024 ** 2;

let isListening = false;

/**
 * Runs work whose HTTP requests end when the signal aborts, also requests of libraries that take no signal, and later
 * requests of the same work: a connection that hangs would stay forever, one more with each attempt, and the process
 * would not end. A request whose answer is larger than 1 MiB ends too: those libraries read whole bodies.
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
  // The caller does not have the request yet, and has no listener for its error.
  if (signal.aborted) return void setImmediate(end);
  signal.addEventListener('abort', end, { once: true });
  request.once('close', () => signal.removeEventListener('abort', end));
  request.once('socket', (socket) => boundAnswer(request, socket));
}

/** Counts the bytes of the connection while the request has it; other listeners lose none. */
function boundAnswer(request: ClientRequest, socket: Socket): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.byteLength;
    if (bytes > LARGEST_ANSWER_BYTES) request.destroy(new Error('the answer is too large'));
  };
  socket.on('data', count);
  request.once('close', () => socket.off('data', count));
}

/** As in Node's documentation of the channel. */
function isRequestMessage(message: unknown): message is { readonly request: ClientRequest } {
  return typeof message === 'object' && message !== null && 'request' in message;
}
