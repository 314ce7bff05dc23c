import t from 'tap';
import { authorize, sendSigned, type SignedRequest } from '../../testing/aws.ts';
import { ALICE, start } from './stand-in.ts';

t.test('keys that AWS would refuse are refused with its errors', async (t) => {
  const now = Date.now();
  const session = { ...ALICE, accessKeyId: 'ASIALIVE', sessionToken: 'session' };
  const expired = { ...session, accessKeyId: 'ASIADEAD', expiresAtMs: now };
  const standIn = await start(t, { identities: [ALICE, session, expired] });
  const ask = (credentials: object) =>
    authorize({
      endpoint: standIn.endpoint,
      region: 'us-east-1',
      credentials: { ...ALICE, ...credentials },
    });

  await t.resolves(ask(session));
  const refused: readonly (readonly [credentials: object, name: string])[] = [
    [{ secretAccessKey: 'wrong' }, 'InvalidSignatureException'],
    [{ accessKeyId: 'AKIAWRONG' }, 'UnrecognizedClientException'],
    [{ sessionToken: 'too much' }, 'UnrecognizedClientException'],
    [{ ...session, sessionToken: 'wrong' }, 'UnrecognizedClientException'],
    [{ accessKeyId: session.accessKeyId }, 'UnrecognizedClientException'],
    [expired, 'ExpiredTokenException'],
  ];
  for (const [credentials, name] of refused)
    await t.rejects(ask(credentials), { name, $metadata: { httpStatusCode: 400 } }, name);
  t.equal(standIn.issuedTokens().length, 1);
});

t.test('a request that was changed after signing is refused', async (t) => {
  const standIn = await start(t);
  const target = 'AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken';
  const asked = {
    keys: ALICE,
    service: 'ecr',
    region: 'us-east-1',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target },
    body: '{}',
  };
  const errorOf = async (changes: Partial<SignedRequest>) =>
    (await sendSigned(standIn.endpoint, { ...asked, ...changes })).text();

  t.match(await errorOf({}), 'authorizationToken');
  const refused: readonly (readonly [changes: Partial<SignedRequest>, code: string])[] = [
    [{ tampered: { body: '{ }' } }, 'InvalidSignatureException'],
    [{ tampered: { headers: { 'content-type': 'text/plain' } } }, 'InvalidSignatureException'],
    [{ tampered: { headers: { 'x-amz-date': '20260101T000000Z' } } }, 'InvalidSignatureException'],
    [{ service: 'sts' }, 'InvalidSignatureException'],
    [{ scopeDate: '20260101' }, 'InvalidSignatureException'],
    [{ tampered: { headers: { 'x-amz-extra': 'unsigned' } } }, 'IncompleteSignatureException'],
    [{ tampered: { headers: { authorization: 'AWS4-HMAC-SHA256 ?' } } }, 'IncompleteSignature'],
    [{ tampered: { headers: { authorization: '' } } }, 'MissingAuthenticationTokenException'],
    [{ headers: { 'x-amz-target': target.replace('Get', 'Put') } }, 'UnknownOperationException'],
    [{ body: '{"registryIds":["1"]}' }, 'InvalidParameterException'],
  ];
  for (const [changes, code] of refused) t.match(await errorOf(changes), code, code);
  const body = '{"registryIds":["333333333333","444444444444"]}';
  t.match(await errorOf({ body }), /333333333333\.dkr.*444444444444\.dkr/);
});

t.test('a clock more than 15 minutes off is refused, until the SDK corrects it', async (t) => {
  let now = Date.now();
  const standIn = await start(t, { now: () => now });
  const settings = { endpoint: standIn.endpoint, region: 'us-east-1', credentials: ALICE };
  const MARGIN_MS = 30_000;

  for (const direction of [1, -1]) {
    now = Date.now() + direction * (15 * 60_000 - MARGIN_MS);
    await t.resolves(authorize(settings));
    now = Date.now() + direction * (15 * 60_000 + MARGIN_MS);
    await t.rejects(authorize(settings), {
      name: 'InvalidSignatureException',
      message: direction === 1 ? /^Signature expired/ : /^Signature not yet current/,
    });
    await t.resolves(authorize({ ...settings, maxAttempts: 2 }));
  }
});
