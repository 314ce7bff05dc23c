import t from 'tap';
import { readToken } from '../../../src/credentials/aws/authorization-data.ts';
import { EAST, HOUR_MS, NOW_MS, registryToken } from '../../support/registry-tokens.ts';

const registry = `https://${EAST}`;

t.test('AWS’s answer is read, a colon in the password included', (t) => {
  const authorizationToken = Buffer.from('AWS:pass:word').toString('base64');
  const expiresAt = new Date(NOW_MS + HOUR_MS);
  const read = readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, NOW_MS);
  t.same(read, registryToken({ expiresAtMs: NOW_MS + HOUR_MS }));
  t.end();
});

t.test('a missing, broken or far expiry counts as twelve hours', (t) => {
  const authorizationToken = Buffer.from('AWS:x').toString('base64');
  for (const expiresAt of [undefined, new Date(Number.NaN), new Date(NOW_MS + 99 * HOUR_MS)]) {
    const read = readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, NOW_MS);
    t.equal(read.expiresAtMs, NOW_MS + 12 * HOUR_MS);
  }
  t.end();
});

t.test('a token that is dead already is refused, and the clock suspected', (t) => {
  const authorizationToken = Buffer.from('AWS:x').toString('base64');
  for (const expiresAt of [new Date(NOW_MS - HOUR_MS), new Date(NOW_MS), new Date(0)]) {
    t.throws(() => readToken({ authorizationToken, proxyEndpoint: registry, expiresAt }, NOW_MS), {
      code: 'ECRPS_TOKEN_INVALID',
      message: `AWS gave a token that expired at ${expiresAt.toISOString()}; is the clock of this machine, 2026-01-01T00:00:00.000Z, right?`,
    });
  }
  t.end();
});

t.test('a registry that AWS’s answer names is a key only if it is a plain host', (t) => {
  const authorizationToken = Buffer.from('AWS:hush').toString('base64');
  const read = (proxyEndpoint: string) => readToken({ authorizationToken, proxyEndpoint }, NOW_MS);
  const standIns = ['http://000000000000.dkr.ecr.us-east-1.localhost.localstack.cloud:4566'];
  for (const key of [registry, 'https://public.ecr.aws', ...standIns]) t.equal(read(key).registry, key);
  for (const key of [
    '*',
    'https://*.dkr.ecr.us-east-1.amazonaws.com',
    'docker.io',
    `a@${registry.slice(8)}`,
    'oci://a.b',
    'a b.c',
  ]) {
    t.throws(() => read(key), { code: 'ECRPS_TOKEN_INVALID', message: /^AWS’s answer names (?!.*hush)/ }, key);
  }
  t.end();
});

t.test('an answer without a usable token is an error that does not quote it', (t) => {
  const secret = Buffer.from('AWSsecret').toString('base64');
  for (const answer of [undefined, {}, { authorizationToken: secret, proxyEndpoint: registry }]) {
    const message = /^(?!.*secret)/i;
    t.throws(() => readToken(answer, NOW_MS), { code: 'ECRPS_TOKEN_INVALID', message });
  }
  t.end();
});
