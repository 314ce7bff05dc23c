import type { Answer } from './wire.ts';

/** The two shapes in which AWS services answer: ECR speaks JSON 1.1, STS the query protocol (XML). */
export type Protocol = 'json' | 'query';

interface Code {
  readonly code: string;
  readonly status: number;
}

/**
 * One failure has another name in each protocol.
 *
 * Source: the "Common Errors" page of the ECR and of the STS API reference.
 */
const CODES = {
  'missing-authentication': {
    json: { code: 'MissingAuthenticationTokenException', status: 400 },
    query: { code: 'MissingAuthenticationToken', status: 403 },
  },
  'incomplete-signature': {
    json: { code: 'IncompleteSignatureException', status: 400 },
    query: { code: 'IncompleteSignature', status: 400 },
  },
  'unknown-key': {
    json: { code: 'UnrecognizedClientException', status: 400 },
    query: { code: 'InvalidClientTokenId', status: 403 },
  },
  'expired-session': {
    json: { code: 'ExpiredTokenException', status: 400 },
    query: { code: 'ExpiredToken', status: 403 },
  },
  'signature-mismatch': {
    json: { code: 'InvalidSignatureException', status: 400 },
    query: { code: 'SignatureDoesNotMatch', status: 403 },
  },
  'access-denied': {
    json: { code: 'AccessDeniedException', status: 400 },
    query: { code: 'AccessDenied', status: 403 },
  },
  throttled: {
    json: { code: 'ThrottlingException', status: 400 },
    query: { code: 'Throttling', status: 400 },
  },
  'unknown-operation': {
    json: { code: 'UnknownOperationException', status: 400 },
    query: { code: 'InvalidAction', status: 400 },
  },
  'invalid-parameter': {
    json: { code: 'InvalidParameterException', status: 400 },
    query: { code: 'ValidationError', status: 400 },
  },
  'invalid-identity-token': {
    json: { code: 'InvalidTokenException', status: 400 },
    query: { code: 'InvalidIdentityToken', status: 400 },
  },
  'expired-identity-token': {
    json: { code: 'ExpiredTokenException', status: 400 },
    query: { code: 'ExpiredTokenException', status: 400 },
  },
} as const satisfies Record<string, Record<Protocol, Code>>;

/** Why AWS refuses, whatever the protocol calls it. */
export type RefusalReason = keyof typeof CODES;

/** A refusal on its way to the answer. */
export interface Refusal extends Error {
  readonly reason: RefusalReason;
}

/** Makes the error that a rule throws to refuse a request. */
export function createRefusal(reason: RefusalReason, message: string): Refusal {
  return Object.assign(new Error(message), { reason });
}

/** Whether an unknown value came from `createRefusal`. */
export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'reason' in error && String(error.reason) in CODES;
}

/** An error in AWS's terms, ready to be written in a protocol. */
export interface AwsError extends Code {
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a refusal is called in a protocol. */
export function awsErrorOf(refusal: Refusal, protocol: Protocol): AwsError {
  return { ...CODES[refusal.reason][protocol], message: refusal.message };
}

/** The error as the protocol writes it. */
export function renderError(error: AwsError, protocol: Protocol): Answer {
  const { status, headers = {} } = error;
  return protocol === 'json'
    ? { status, headers: { 'content-type': JSON_CONTENT_TYPE, ...headers }, body: jsonError(error) }
    : { status, headers: { 'content-type': 'text/xml', ...headers }, body: xmlError(error) };
}

/** The content type of AWS JSON 1.1. */
export const JSON_CONTENT_TYPE = 'application/x-amz-json-1.1';

/** The namespace of every STS document, requests and errors alike. */
export const STS_NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Text that is safe between XML tags. */
export function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function jsonError({ code, message }: AwsError): string {
  return JSON.stringify({ __type: code, message });
}

function xmlError({ code, message, status }: AwsError): string {
  const type = status < 500 ? 'Sender' : 'Receiver';
  return `<ErrorResponse xmlns="${STS_NAMESPACE}"><Error><Type>${type}</Type><Code>${escapeXml(code)}</Code><Message>${escapeXml(message)}</Message></Error></ErrorResponse>`;
}
