import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import type { Container, HttpGet, Probe } from '../api/objects.ts';

/** One look at a container: why it failed, or nothing if it is healthy. */
export type Attempt = (timeoutMs: number) => Promise<string | undefined>;

/**
 * Makes the attempt that a probe describes.
 *
 * @param address - the pod's, used if the probe names no host
 * @throws if the probe is of a kind that is not supported or names an unknown port
 */
export function createAttempt(probe: Probe, container: Container, address: string): Attempt {
  const { httpGet, tcpSocket } = probe;
  if (httpGet) {
    const port = resolvePort(httpGet.port, container);
    return (timeoutMs) => attemptHttp(httpGet, httpGet.host ?? address, port, timeoutMs);
  }
  if (tcpSocket) {
    const port = resolvePort(tcpSocket.port, container);
    return (timeoutMs) => attemptTcp(tcpSocket.host ?? address, port, timeoutMs);
  }
  throw new Error(`unsupported probe of container ${container.name}`);
}

/** A port by number, or by its name in the container's `ports`. */
function resolvePort(port: string | number, { name, ports = [] }: Container): number {
  if (typeof port === 'number') return port;
  const named = ports.find((candidate) => candidate.name === port);
  if (!named) throw new Error(`container ${name} has no port named ${port}`);
  return named.containerPort;
}

/**
 * 200 to 399 is success; a certificate is not verified, a connection not reused, a redirect not
 * followed (kubelet follows those to the same host). Source: kubernetes `pkg/probe/http`.
 */
function attemptHttp(
  { path = '/', scheme = 'HTTP', httpHeaders = [] }: HttpGet,
  host: string,
  port: number,
  timeoutMs: number,
): Promise<string | undefined> {
  const headers: Record<string, string> = { 'User-Agent': 'kube-probe/1.0', Accept: '*/*' };
  for (const { name, value } of httpHeaders) headers[name] = value;
  const options = { host, port, path, headers, agent: false };
  return new Promise((resolve) => {
    const request = scheme === 'HTTPS' ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
    const timer = setTimeout(() => request.destroy(new Error('timeout')), timeoutMs);
    request.once('error', (error) => resolve(error.message || error.name));
    request.once('close', () => {
      clearTimeout(timer);
      resolve('the connection was closed');
    });
    request.once('response', (response) => {
      const { statusCode = 0 } = response;
      const isSuccess = statusCode >= 200 && statusCode < 400;
      response.once('end', () => resolve(isSuccess ? undefined : `HTTP probe failed with statuscode: ${statusCode}`));
      response.resume();
    });
    request.end();
  });
}

/** An accepted connection is success. */
function attemptTcp(host: string, port: number, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const timer = setTimeout(() => socket.destroy(new Error('timeout')), timeoutMs);
    socket.once('connect', () => {
      resolve(undefined);
      socket.destroy();
    });
    socket.once('error', (error) => resolve(error.message));
    socket.once('close', () => clearTimeout(timer));
  });
}
