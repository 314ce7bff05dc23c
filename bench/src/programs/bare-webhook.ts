// The least that a webhook in Node can do: read a body, find the uid, return a fixed patch. It is the limit of ours.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import { readReviewFields } from '@ecr-pull-secrets/server/admission/review-fields.ts';

const [, , reading, host, port, tlsDirectory = ''] = process.argv;

const PATCH = Buffer.from(
  JSON.stringify([{ op: 'add', path: '/spec/imagePullSecrets', value: [{ name: 'ecr-pull-secret' }] }]),
).toString('base64');

const read: (body: Buffer) => ReturnType<typeof JSON.parse> =
  reading === 'parse' ? (body) => JSON.parse(body.toString('utf8')) : readReviewFields;

const tls = {
  cert: readFileSync(join(tlsDirectory, 'tls.crt')),
  key: readFileSync(join(tlsDirectory, 'tls.key')),
};

createServer(tls, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { request: review } = read(Buffer.concat(chunks));
    const answer = JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: review.uid, allowed: true, patchType: 'JSONPatch', patch: PATCH },
    });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
    response.end(answer);
  });
}).listen(Number(port), host);
