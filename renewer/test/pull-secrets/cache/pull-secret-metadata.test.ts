import t from 'tap';
import { metadataSelection, readJson } from '@ecr-pull-secrets/kube/read-json.ts';
import { PULL_SECRET_FIELDS, readPullSecretMetadata } from '../../../src/pull-secrets/cache/pull-secret-metadata.ts';

const SELECTION = metadataSelection(PULL_SECRET_FIELDS);

t.test('no object that an API server stores is beyond the limits', (t) => {
  const deep = `${'{"f:a":'.repeat(10_000)}0${'}'.repeat(10_000)}`;
  // More than fit into the 2 MiB that etcd's client takes.
  const managers = Array.from({ length: 40_000 }, (_, index) => managerOf(index));
  const ours = `{"manager":"ecr-pull-secrets","operation":"Apply","fieldsV1":{"f:spec":${deep}}}`;
  const text = `{"metadata":{"name":"a","managedFields":[${managers.join(',')},${ours}]}}`;

  const { metadata } = readJson(Buffer.from(text), SELECTION);

  t.equal(metadata.managedFields.length, 40_001);
  t.match(readPullSecretMetadata(metadata), { isUntouched: false });
  t.end();
});

t.test('what is not JSON is refused without being quoted', (t) => {
  const secret = Buffer.from('{"metadata":{"name":"a"},"data":{"password":hunter2}}');
  t.throws(() => readJson(secret, SELECTION), { name: 'SyntaxError', message: 'not JSON' });
  t.end();
});

function managerOf(index: number): string {
  return `{"manager":"${index}","operation":"Apply","fieldsType":"FieldsV1","fieldsV1":{"f:data":{"f:.dockerconfigjson":{}}}}`;
}
