import { createServer } from 'node:net';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A port of 127.0.0.1 that is free now. Another process may take it before it is used: then try another. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  const port = await listenOnLoopback(server);
  server.close();
  return port;
}
