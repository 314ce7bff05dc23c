import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCertificateAuthority } from '@ecr-pull-secrets/certs-scripts/certificate-authority.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/serving-certificate.ts';
import { systemClock } from '@ecr-pull-secrets/shared/clock.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { builtBundle } from '../../src/playground/built-bundle.ts';
import { findFreePort } from '../../src/local-cluster/free-port.ts';
import { type Guardian, startGuardian } from '../../src/local-cluster/guardian.ts';
import { imageEntrypoint } from '../../src/playground/image-entrypoint.ts';

const HOST = '127.0.0.1';
const START_MS = 30_000;
const POLL_MS = 50;

/** `ecr-pull-secrets webhook` from a freshly built bundle, alone: no cluster, no renewer. */
export interface WebhookProcess {
  readonly pid: number;
  /** Its working directory, which holds its files. */
  readonly directory: string;
  readonly host: string;
  readonly port: number;
  /** Where an API server posts its reviews. */
  readonly url: string;
  /** What its certificate is to be trusted by, and the file of it. */
  readonly caPem: string;
  readonly caFile: string;
  readonly serverName: string;
  /** Everything it wrote so far. */
  log(): Promise<string>;
  metrics(): Promise<string>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Tells it to end, by SIGTERM. */
  stop(): void;
  /** Ends what still runs and leaves nothing behind. */
  close(): Promise<void>;
}

/**
 * Starts it with a certificate, and waits until it is ready. It ends with this process at the latest.
 *
 * @param environment - over what it is given anyway
 * @throws with its log where it does not get ready
 */
export async function startWebhookProcess(environment: Environment = {}): Promise<WebhookProcess> {
  const guardian = await startGuardian();
  try {
    const entry = await builtBundle();
    const authority = await handOverCertificate(guardian.directory);
    return await launchOnFreePorts({ guardian, entry, environment, ...authority });
  } catch (error) {
    await guardian.close();
    throw error;
  }
}

interface Authority {
  readonly caPem: string;
  readonly caFile: string;
}

function tlsDirectory(directory: string): string {
  return join(directory, 'tls');
}

async function handOverCertificate(directory: string): Promise<Authority> {
  const now = new Date();
  const authority = await createCertificateAuthority({ commonName: PRODUCT_NAME, now });
  const service = { serviceName: PRODUCT_NAME, namespace: PRODUCT_NAME, now };
  const serving = await createServingCertificate(authority, service);
  const tls = tlsDirectory(directory);
  await mkdir(tls);
  await writeFile(join(tls, 'tls.crt'), serving.certificatePem);
  await writeFile(join(tls, 'tls.key'), serving.privateKeyPem, { mode: 0o600 });
  const caFile = join(directory, 'ca.crt');
  await writeFile(caFile, authority.certificatePem);
  return { caPem: authority.certificatePem, caFile };
}

interface LaunchOptions extends Authority {
  readonly guardian: Guardian;
  readonly entry: string;
  readonly environment: Environment;
}

/** Between looking for free ports and listening on them somebody else may take one. */
async function launchOnFreePorts(options: LaunchOptions, attempts = 3): Promise<WebhookProcess> {
  try {
    return await launch(options);
  } catch (error) {
    if (attempts === 1) throw error;
    return await launchOnFreePorts(options, attempts - 1);
  }
}

async function launch(launchOptions: LaunchOptions): Promise<WebhookProcess> {
  const { guardian, entry, environment, caPem, caFile } = launchOptions;
  const { directory } = guardian;
  const [port, opsPort] = await Promise.all([findFreePort(), findFreePort()]);
  const settings = { HOST, PORT: String(port), OPS_PORT: String(opsPort), DRAIN_SECONDS: '0' };
  const logFile = join(directory, `webhook-${port}.log`);
  const output = openSync(logFile, 'a', 0o600);
  const [node = '', ...options] = await imageEntrypoint(entry);
  const child = guardian.spawn(node, [...options, 'webhook'], {
    cwd: directory,
    environment: { ...settings, TLS_DIR: tlsDirectory(directory), ...environment },
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal);
  const log = () => readFile(logFile, 'utf8');
  const ops = `http://${HOST}:${opsPort}`;
  await untilReady(child, ops, log);
  return {
    pid: child.pid ?? 0,
    directory,
    host: HOST,
    port,
    url: `https://${HOST}:${port}/mutate?timeout=5s`,
    caPem,
    caFile,
    serverName: `${PRODUCT_NAME}.${PRODUCT_NAME}.svc`,
    log,
    metrics: async () => (await fetch(`${ops}/metrics`)).text(),
    ended,
    stop: () => void child.kill('SIGTERM'),
    close: () => guardian.close(),
  };
}

async function untilReady(
  child: ChildProcess,
  ops: string,
  log: () => Promise<string>,
): Promise<void> {
  const deadline = systemClock.now() + START_MS;
  while (child.exitCode === null && systemClock.now() < deadline) {
    const answer = await fetch(`${ops}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await systemClock.sleep(POLL_MS);
  }
  throw new Error(`the webhook did not get ready:\n${await log()}`);
}
