import { once } from 'node:events';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { type Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { generateRsaKeyPair } from '@ecr-pull-secrets/certs-scripts/issue/key-pair.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import { createLogger, type Logger } from '@ecr-pull-secrets/shared/logger.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';

export const JSON_HEADERS = { 'content-type': 'application/json' };

/** The DNS name that the API server uses, and for which certificates are issued. */
const SERVER_NAME = 'ecr-pull-secrets.ecr-pull-secrets.svc';

const keyPair = await generateRsaKeyPair();

const ca = await createCa({
  commonName: 'test',
  now: new Date(),
});

export interface IssueOptions {
  /** The time of issue; at most an hour ago. */
  readonly nowMs?: number;
  readonly lifetimeMs?: number;
  /** Whether it has a new key; by default all certificates have the same one. */
  readonly freshKey?: boolean;
}

/** Issues a new certificate that the CA signed. */
export async function issue(options: IssueOptions = {}): Promise<PemPair> {
  const { nowMs = Date.now(), lifetimeMs = 24 * 60 * 60 * 1000, freshKey = false } = options;
  const { certificatePem, privateKeyPem } = await createServingCertificate(ca, {
    serviceName: 'ecr-pull-secrets',
    namespace: 'ecr-pull-secrets',
    now: new Date(nowMs),
    lifetimeMs,
    ...(!freshKey && { keyPair }),
  });
  return { certificatePem, privateKeyPem };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Call {
  readonly port: number;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly agent?: Agent;
}

/** Sends one request, by default as the API server does. */
export async function call(options: Call): Promise<Answer> {
  const { port, method = 'POST', path = '/mutate?timeout=5s', body = '', agent } = options;
  const headers = options.headers ?? JSON_HEADERS;
  const outgoing = request({
    ...connectionOptions(port),
    method,
    path,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
    agent: agent ?? false,
  });
  outgoing.end(body);
  return await readAnswer(outgoing);
}

export function connectionOptions(port: number) {
  return { host: '127.0.0.1', port, ca: ca.certificatePem, servername: SERVER_NAME };
}

export async function readAnswer(outgoing: ReturnType<typeof request>): Promise<Answer> {
  const [response] = await once(outgoing, 'response');
  const text = Buffer.concat(await response.toArray()).toString('utf8');
  return { status: response.statusCode, headers: response.headers, text };
}

/** A logger whose lines a test can read and wait for. */
export interface RecordedLog {
  readonly logger: Logger;
  readonly lines: readonly string[];
  /** The next line with the text, counted from the last wait for it; waits until it is there. */
  readonly next: (text: string) => Promise<string>;
}

export function recordLog(): RecordedLog {
  const lines: string[] = [];
  const seen = new Map<string, number>();
  const waiting = new Set<() => void>();
  const destination = {
    write: (line: string) => {
      lines.push(line);
      for (const wake of waiting) wake();
    },
  };
  const logger = createLogger({ level: 'debug', format: 'json', name: 'test', destination });

  async function next(text: string): Promise<string> {
    const index = seen.get(text) ?? 0;
    seen.set(text, index + 1);
    for (;;) {
      const line = lines.filter((candidate) => candidate.includes(text))[index];
      if (line !== undefined) return line;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.add(resolve);
      await promise;
      waiting.delete(resolve);
    }
  }

  return { logger, lines, next };
}

/**
 * Replaces all files of a directory atomically, as the kubelet does (`pkg/volume/util/atomic_writer.go`):
 * a folder for each generation, and a symbolic link that is replaced by renaming.
 */
export function switchFiles(directory: string, generation: string, files: Readonly<Record<string, string>>): void {
  const folder = `..${generation}`;
  mkdirSync(join(directory, folder));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, folder, name), text);
  }
  symlinkSync(folder, join(directory, '..data_tmp'));
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'));
}
