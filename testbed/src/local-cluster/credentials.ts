import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Who may talk to the API server from the start, and the keys that sign ServiceAccount tokens. */
export interface Credentials {
  readonly adminToken: string;
  /** A user of its own, so that the audit log separates the controllers' writes from others. */
  readonly controllerManagerToken: string;
  /** `--token-auth-file`: token, user, uid and group, as CSV. */
  readonly tokensPath: string;
  readonly serviceAccountKeyPath: string;
  readonly serviceAccountPublicKeyPath: string;
}

/** Makes fresh credentials and writes what the processes read into the folder. */
export async function writeCredentials(directory: string): Promise<Credentials> {
  const credentials = {
    adminToken: randomBytes(24).toString('hex'),
    controllerManagerToken: randomBytes(24).toString('hex'),
    tokensPath: join(directory, 'tokens.csv'),
    serviceAccountKeyPath: join(directory, 'service-account.key'),
    serviceAccountPublicKeyPath: join(directory, 'service-account.pub'),
  } satisfies Credentials;
  const tokens = [
    `${credentials.adminToken},admin,admin,system:masters`,
    `${credentials.controllerManagerToken},system:kube-controller-manager,controller-manager,system:masters`,
  ];
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  await writeFile(credentials.tokensPath, `${tokens.join('\n')}\n`, { mode: 0o600 });
  await writeFile(credentials.serviceAccountKeyPath, privateKey, { mode: 0o600 });
  await writeFile(credentials.serviceAccountPublicKeyPath, publicKey);
  return credentials;
}
