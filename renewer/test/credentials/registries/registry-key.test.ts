import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { OTHER_HOSTS, PRIVATE_ECR_HOSTS } from '@ecr-pull-secrets/shared/testing/ecr-hosts.ts';
import { ECR_KEYS, OTHER_KEYS, REFUSED_KEYS } from '@ecr-pull-secrets/shared/testing/registry-keys.ts';
import t from 'tap';
import { readRenewerConfiguration } from '../../../src/config/configuration.ts';
import { readRenewOnceConfiguration } from '../../../src/commands/renew-once/configuration.ts';
import { isEcrKey, parseRegistryList, problemOf } from '../../../src/credentials/registries/registry-key.ts';

const ECR = '123456789012.dkr.ecr.us-east-1.amazonaws.com';
const EXAMPLE = /; for example DOCKER_REGISTRIES=https:\/\/123456789012\.dkr\.ecr\./;

/** Reads the variable as both commands do, which must agree. */
function readVariable(list: string): readonly string[] {
  const environment = {
    DOCKER_SECRET_NAME: 's',
    POD_NAME: 'p',
    POD_NAMESPACE: 'n',
    DOCKER_REGISTRIES: list,
  };
  const [one, other] = [readRenewerConfiguration, readRenewOnceConfiguration].map((read) => {
    try {
      return read(environment).registries.map(({ host }) => host);
    } catch (error) {
      return describeError(error);
    }
  });
  t.same(one, other, list);
  if (typeof one !== 'object') throw new Error(one);
  return one;
}

function readFile(...registries: readonly unknown[]) {
  const environment = { POD_NAME: 'p', POD_NAMESPACE: 'n', CONFIG_FILE: 'c.json' };
  return readRenewerConfiguration(environment, () => JSON.stringify({ registries })).registries;
}

t.test('a key that a pod’s image can match is taken as written, by both commands', (t) => {
  for (const key of [...ECR_KEYS, ...OTHER_KEYS]) {
    t.equal(problemOf(key), undefined, key);
    t.same(readVariable(key), [key]);
  }
  for (const key of ECR_KEYS) t.match(readFile(key), [{ host: key }], key);
  for (const host of OTHER_KEYS) t.match(readFile({ host, tokenOf: ECR }), [{ host }], host);
  t.end();
});

t.test('ECR’s hosts are distinguished from others', (t) => {
  for (const key of ECR_KEYS) t.ok(isEcrKey(key), key);
  for (const key of OTHER_KEYS) t.notOk(isEcrKey(key), key);
  for (const { host } of PRIVATE_ECR_HOSTS) t.equal(problemOf(host), undefined, host);
  for (const host of OTHER_HOSTS) {
    const isPublic = ['public.ecr.aws', 'ecr-public.aws.com'].includes(host);
    t.equal(problemOf(host) === undefined, isPublic, host);
  }
  t.end();
});

t.test('any other key is refused everywhere, with the value, the reason and an example', (t) => {
  for (const [problem, keys] of Object.entries(REFUSED_KEYS)) {
    const message = new RegExp(RegExp.escape(problem));
    for (const key of keys) {
      t.match(problemOf(key), message, key);
      t.throws(() => readVariable(`${ECR},${key}`), { message }, key);
      t.throws(() => readVariable(key), { message: EXAMPLE }, key);
      t.throws(() => readFile(key), { message }, key);
      t.throws(() => readFile({ host: key, tokenOf: ECR }), { message: /registries\.0\.host: / });
      // Capitals do not count there.
      if (problemOf(key.toLowerCase()) === undefined) continue;
      t.throws(() => readFile({ host: 'a.example', tokenOf: key }), {
        message: /registries\.0\.tokenOf: .*; for example /,
      });
    }
  }
  t.throws(() => readVariable('oci://a.example'), {
    message: /^DOCKER_REGISTRIES: "oci:\/\/a\.example" has a scheme/,
  });
  t.end();
});

t.test('user information is never quoted: it may hold a password', (t) => {
  const key = `https://AWS:hush@${ECR}`;
  for (const read of [() => readVariable(`${ECR},${key}`), () => readFile(key)]) {
    t.throws(read, { message: /^(?!.*hush).*…@123456789012/s });
  }
  t.end();
});

t.test('a list is split by commas, semicolons and blanks, and each key stays as written', (t) => {
  const pair = ['https://a.example/', 'b.example'];
  for (const separator of [',', ', ', ';', '\n', '\r\n', ' ', '\t', ' ,\n; ', ',,']) {
    t.same(parseRegistryList(pair.join(separator)), pair, JSON.stringify(separator));
    t.same(parseRegistryList(`${separator}${pair.join(separator)}${separator}`), pair);
  }
  t.same(parseRegistryList(' ,;\n'), []);
  t.match(readFile(` ${ECR}\n`), [{ host: ECR }], 'an item of a list without its blanks');
  for (const item of [`${ECR},b.example`, `${ECR}\nb.example`, `${ECR} b.example`]) {
    t.throws(() => readFile(item), { message: /write one registry in each entry/ }, item);
  }
  t.end();
});

t.test('a list has as many entries as fit into a Secret', (t) => {
  const keys = Array.from({ length: 201 }, (_, index) => `${ECR}/team-${index}`);
  t.equal(readVariable(keys.slice(1).join()).length, 200);
  t.throws(() => readVariable(keys.join()), { message: /has 201 registries, .* room for 200/ });
  t.equal(readFile(...keys.slice(1)).length, 200);
  t.throws(() => readFile(...keys), { message: /registries: .*200/ });
  t.end();
});

t.test('in the list form a host that is not ECR’s names the registry whose token it gets', (t) => {
  const message = /registries\.0\.tokenOf: is missing: "a\.example" is no host of ECR.*; for example/;
  t.throws(() => readFile('a.example'), { message });
  t.throws(() => readFile({ host: 'a.example' }), { message });
  t.throws(() => readFile({ host: 'a.example', tokenOf: 'b.example' }), {
    message: /registries\.0\.tokenOf: is not the host of an ECR registry/,
  });
  t.throws(() => readFile({ host: 'a.example', tokenOf: `*.${ECR.slice(13)}` }), {
    message: /registries\.0\.tokenOf: is not the host of an ECR registry/,
  });
  t.match(readFile({ host: 'a.example', tokenOf: `HTTPS://${ECR.toUpperCase()}/ ` }), [{ tokenOf: `https://${ECR}/` }]);
  t.end();
});
