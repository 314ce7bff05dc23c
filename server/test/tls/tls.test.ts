import { once } from 'node:events';
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls';
import t from 'tap';
import { FIXTURE, startApp } from '../support/app.ts';
import { connectionOptions } from '../support/webhook.ts';

const { port } = await startApp(t);

t.test('TLS 1.2 and 1.3 are spoken', async (t) => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    t.match(await review(only(version)), { protocol: version, status: 'HTTP/1.1 200 OK' });
  }
});

t.test('TLS 1.1 is refused by the server', async (t) => {
  // Without this the client would refuse it before it reaches the server.
  const willing = { ...only('TLSv1.1'), ciphers: 'DEFAULT@SECLEVEL=0' };
  await t.rejects(review(willing), { code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' });
});

t.test('HTTP/1.1 is all that is negotiated, whatever a client would like', async (t) => {
  const both = await review({ ALPNProtocols: ['h2', 'http/1.1'] });
  t.match(both, { alpn: 'http/1.1', status: 'HTTP/1.1 200 OK' });
  t.match(await review({}), { alpn: false, status: 'HTTP/1.1 200 OK' });
  await t.rejects(review({ ALPNProtocols: ['h2'] }), {
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  });
});

function only(version: SecureVersion): ConnectionOptions {
  return { minVersion: version, maxVersion: version };
}

/** One review over a connection of its own: what was negotiated, and the first line of the answer. */
async function review(options: ConnectionOptions) {
  const socket = connect({ ...connectionOptions(port), ...options });
  await once(socket, 'secureConnect');
  const { alpnProtocol: alpn } = socket;
  const protocol = socket.getProtocol();
  const body = JSON.stringify(FIXTURE);
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.write(`POST /mutate HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${head}\r\n\r\n${body}`);
  const answer = Buffer.concat(await socket.toArray()).toString();
  return { protocol, alpn, status: answer.split('\r\n', 1)[0] };
}
