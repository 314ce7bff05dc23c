import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';
import { findCredentials } from './pull-secret.ts';

/** A question to a registry, which the Host header names. */
interface Question {
  readonly endpoint: string;
  readonly host: string;
  readonly path: string;
  readonly authorization?: string;
}

/** The parts of an answer that the login decides by. */
interface RegistryAnswer {
  readonly status: number;
  readonly challenge: string;
  readonly body: string;
}

/**
 * Logs in to a registry with a pull secret, as a node does before it pulls: requests `/v2/`, and answers
 * the challenge (Basic, or Bearer by way of the token endpoint) with the secret's credentials.
 *
 * @param endpoint the stand-in's plain-HTTP URL
 * @param dockerConfigJson the content of the secret's `.dockerconfigjson`, decoded
 * @param host the registry host of the image, without a scheme
 * @returns the status of the last answer: 200 if the registry let the secret in, 401 if not
 */
export async function login(endpoint: string, dockerConfigJson: string, host: string): Promise<number> {
  const credentials = findCredentials(dockerConfigJson, host);
  const question = { endpoint, host, path: '/v2/' };
  const { status, challenge } = await ask(question);
  if (status !== 401 || credentials === undefined) return status;
  const basic = { ...question, authorization: `Basic ${credentials}` };
  const realm = /^Bearer realm="([^"]+)"/.exec(challenge)?.[1];
  if (realm === undefined) return (await ask(basic)).status;
  const answer = await ask({ ...basic, path: new URL(realm).pathname });
  if (answer.status !== 200) return answer.status;
  const token = String(propertyOf(parseJson(answer.body), 'token'));
  return (await ask({ ...question, authorization: `Bearer ${token}` })).status;
}

/** By `node:http`, because fetch does not let a caller set the Host header. */
async function ask({ endpoint, host, path, authorization }: Question): Promise<RegistryAnswer> {
  const headers = { host, connection: 'close', ...(authorization ? { authorization } : {}) };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(new URL(path, endpoint), { headers }, resolve).on('error', reject).end();
  });
  const body = await text(response);
  const challenge = response.headers['www-authenticate'] ?? '';
  return { status: response.statusCode ?? 0, challenge, body };
}
