import { createHash, createHmac } from 'node:crypto';
import { headerOf, type WireRequest } from './wire.ts';

/** What a signature is bound to besides the request itself. */
export interface SigningScope {
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/**
 * The AWS Signature Version 4 of a request to the path `/` without a query, the only kind that
 * AWS JSON 1.1 and the query protocol send; `x-amz-date` is taken from the request.
 *
 * Source: IAM User Guide, "Create a signed AWS API request".
 */
export function computeSignature(
  request: WireRequest,
  signedHeaders: readonly string[],
  scope: SigningScope,
  secretAccessKey: string,
): string {
  const { date, region, service } = scope;
  const stringToSign = [
    'AWS4-HMAC-SHA256',
    headerOf(request, 'x-amz-date'),
    `${date}/${region}/${service}/aws4_request`,
    sha256(canonicalRequest(request, signedHeaders)),
  ].join('\n');
  return hmac(signingKey(scope, secretAccessKey), stringToSign).toString('hex');
}

/** The text of the request that is signed; AWS repeats it if the signature is wrong. */
export function canonicalRequest(request: WireRequest, signedHeaders: readonly string[]): string {
  const headers = signedHeaders.map((name) => `${name}:${canonicalValue(headerOf(request, name))}`);
  return [request.method, '/', '', ...headers, '', signedHeaders.join(';'), sha256(request.body)].join('\n');
}

function canonicalValue(value: string): string {
  return value.trim().replaceAll(/\s+/g, ' ');
}

function signingKey({ date, region, service }: SigningScope, secretAccessKey: string): Buffer {
  const dateKey = hmac(`AWS4${secretAccessKey}`, date);
  return hmac(hmac(hmac(dateKey, region), service), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
