import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';
import type { Environment } from '@ecr-pull-secrets/shared/configuration.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { builtBundle } from '@ecr-pull-secrets/testbed/playground/built-bundle.ts';
import { findFreePort } from '@ecr-pull-secrets/testbed/local-cluster/free-port.ts';
import { type Guardian, startGuardian } from '@ecr-pull-secrets/testbed/local-cluster/guardian.ts';
import { HOST, type LaunchedProcess, launchProcess } from './launched-process.ts';

/** `ecr-pull-secrets webhook` from a freshly built bundle, alone: no cluster, no renewer. */
export interface WebhookProcess extends LaunchedProcess {
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
  /** Ends what still runs and leaves nothing behind. */
  close(): Promise<void>;
}

/**
 * Starts it with a certificate, and waits until it is ready. It ends with this process at the latest.
 *
 * @param environment - over what it gets anyway
 * @throws with its log if it does not get ready
 */
export async function startWebhookProcess(environment: Environment = {}): Promise<WebhookProcess> {
  const guardian = await startGuardian();
  try {
    const entry = await builtBundle();
    const ca = await handOverCertificate(guardian.directory);
    return await launchOnFreePorts({ guardian, entry, environment, ...ca });
  } catch (error) {
    await guardian.close();
    throw error;
  }
}

interface TrustedCa {
  readonly caPem: string;
  readonly caFile: string;
}

function tlsDir(directory: string): string {
  return join(directory, 'tls');
}

async function handOverCertificate(directory: string): Promise<TrustedCa> {
  const now = new Date();
  const ca = await createCa({ commonName: PRODUCT_NAME, now });
  const service = { serviceName: PRODUCT_NAME, namespace: PRODUCT_NAME, now };
  const serving = await createServingCertificate(ca, service);
  const tls = tlsDir(directory);
  await mkdir(tls);
  await writeFile(join(tls, 'tls.crt'), serving.certificatePem);
  await writeFile(join(tls, 'tls.key'), serving.privateKeyPem, { mode: 0o600 });
  const caFile = join(directory, 'ca.crt');
  await writeFile(caFile, ca.certificatePem);
  return { caPem: ca.certificatePem, caFile };
}

interface LaunchOptions extends TrustedCa {
  readonly guardian: Guardian;
  readonly entry: string;
  readonly environment: Environment;
}

/** Between looking for free ports and listening on them another program may take one. */
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
  const port = await findFreePort();
  const settings = { PORT: String(port), DRAIN_SECONDS: '0', TLS_DIR: tlsDir(directory) };
  const launched = await launchProcess({
    guardian,
    entry,
    command: 'webhook',
    environment: { ...settings, ...environment },
    probe: 'readyz',
  });
  return {
    ...launched,
    directory,
    host: HOST,
    port,
    url: `https://${HOST}:${port}/mutate?timeout=5s`,
    caPem,
    caFile,
    serverName: `${PRODUCT_NAME}.${PRODUCT_NAME}.svc`,
    close: () => guardian.close(),
  };
}
