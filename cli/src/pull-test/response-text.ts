import { parseJson, propertyOf } from '@ecr-pull-secrets/shared/json/untrusted-json.ts';

const LONGEST_REASON = 300;

/** Long runs without blanks are tokens or signatures. */
const POSSIBLE_CREDENTIAL = /[A-Za-z0-9+/=_.%-]{80,}/g;

/** The reason in a refusal: the message of the registry's or S3's error, in one line and without credentials. */
export function reasonIn(body: Buffer, authorization: string): string {
  const errors = propertyOf(parseJson(body.toString()), 'errors');
  const [first]: unknown[] = Array.isArray(errors) ? errors : [];
  const message = propertyOf(first, 'message');
  const xml = /<Message>([^<]*)<\/Message>/.exec(body.toString())?.[1];
  const text = typeof message === 'string' ? message : (xml ?? '');
  const [, secret = ''] = authorization.split(' ');
  return (secret === '' ? text : text.replaceAll(secret, '[redacted]'))
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .replace(POSSIBLE_CREDENTIAL, '[redacted]')
    .slice(0, LONGEST_REASON)
    .trim();
}
