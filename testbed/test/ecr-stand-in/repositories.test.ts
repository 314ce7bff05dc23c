import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { IncomingMessage } from 'node:http';
import t from 'tap';
import { LAYER_HOST } from '../../src/ecr-stand-in/repositories.ts';
import { authorize } from '../../testing/aws.ts';
import { ALICE_HOST, alice, start } from './stand-in.ts';

t.test('manifests and blobs of a repository, and the refusals of ECR', async (t) => {
  const standIn = await start(t, {
    repositories: {
      'team/app': { tags: ['1'] },
      closed: { tags: ['1'], refuses: 'ecr:BatchGetImage' },
      'no-layers': { tags: ['1'], refuses: 'ecr:GetDownloadUrlForLayer' },
    },
  });
  const { token } = await authorize(alice(standIn));
  const get = async (path: string, headers: Record<string, string> = { authorization: `Basic ${token}` }) => {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const options = { headers: { host: ALICE_HOST, connection: 'close', ...headers } };
      request(new URL(path, standIn.endpoint), options, resolve).on('error', reject).end();
    });
    return { status: response.statusCode, location: response.headers.location, body: await text(response) };
  };
  t.match(await get('/v2/team/app/manifests/1', {}), { status: 401 });
  const index = await get('/v2/team/app/manifests/1');
  const [{ digest }] = JSON.parse(index.body).manifests;
  const { config } = JSON.parse((await get(`/v2/team/app/manifests/${digest}`)).body);
  const blob = await get(`/v2/team/app/blobs/${config.digest}`);
  t.match(blob, { status: 307, location: `https://${LAYER_HOST}/layers/${config.digest}?` });
  const { pathname, search } = new URL(blob.location ?? '');
  t.match(await get(pathname + search, { host: LAYER_HOST }), { status: 200, body: /"os":"linux"/ });
  t.match(await get(pathname + search, { host: LAYER_HOST, authorization: `Basic ${token}` }), { status: 400 });

  t.match(await get('/v2/team/app/manifests/2'), { status: 404, body: /MANIFEST_UNKNOWN/ });
  t.match(await get('/v2/none/manifests/1'), { status: 404, body: /NAME_UNKNOWN/ });
  t.match(await get('/v2/closed/manifests/1'), { status: 403, body: /not authorized to perform: ecr:BatchGetImage/ });
  t.match(await get(`/v2/no-layers/blobs/${config.digest}`), { status: 403, body: /ecr:GetDownloadUrlForLayer/ });
});
