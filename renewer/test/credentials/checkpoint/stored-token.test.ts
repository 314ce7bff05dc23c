import t from 'tap';
import { problemOfStored } from '../../../src/credentials/checkpoint/stored-token.ts';
import type { RegistryToken } from '../../../src/credentials/registry-token.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const REGISTRY = 'https://123456789012.dkr.ecr.us-east-1.amazonaws.com';

const GOOD: RegistryToken = {
  username: 'AWS',
  password: 'planted-password',
  registry: REGISTRY,
  obtainedAtMs: NOW_MS - HOUR_MS,
  expiresAtMs: NOW_MS + 11 * HOUR_MS,
};

const REGISTRIES = {
  'a wildcard for everything': 'https://*.*',
  'all accounts': 'https://*.dkr.ecr.us-east-1.amazonaws.com',
  'Docker Hub': 'https://docker.io',
  'another registry': 'https://ghcr.io',
  'a look-alike': `${REGISTRY}.example.com`,
  'a host behind user information': `https://${REGISTRY.slice(8)}:x@example.com`,
  'two hosts': `${REGISTRY},https://ghcr.io`,
  nothing: '',
} as const;

const OTHERS: Readonly<Record<string, Partial<RegistryToken>>> = {
  'no password': { password: '' },
  'no username': { username: '' },
  'a username with more in it': { username: 'AWS:x' },
  'an instant that no date can be': { obtainedAtMs: 1e300, expiresAtMs: 1e300 },
  'a token of tomorrow': {
    obtainedAtMs: NOW_MS + 24 * HOUR_MS,
    expiresAtMs: NOW_MS + 36 * HOUR_MS,
  },
  'a token for a year': { expiresAtMs: NOW_MS + 8_760 * HOUR_MS },
  'a token that ended before it began': { expiresAtMs: NOW_MS - 2 * HOUR_MS },
};

t.test('a kept token is for a registry of ECR alone', async (t) => {
  t.equal(problemOfStored(GOOD, NOW_MS), undefined);
  for (const [title, registry] of Object.entries(REGISTRIES)) {
    const problem = problemOfStored({ ...GOOD, registry }, NOW_MS);
    t.match(problem, /^is for ".*", which is no registry of ECR$/, title);
    t.notMatch(problem, 'planted-password');
  }
});

t.test('it has a login, and a life such as AWS gives', async (t) => {
  for (const [title, changes] of Object.entries(OTHERS)) {
    t.type(problemOfStored({ ...GOOD, ...changes }, NOW_MS), 'string', title);
  }
  const dead = { obtainedAtMs: NOW_MS - 20 * HOUR_MS, expiresAtMs: NOW_MS - 8 * HOUR_MS };
  t.equal(problemOfStored({ ...GOOD, ...dead }, NOW_MS), undefined, 'its end is no theft');
});

t.test('it may be of a leader whose clock is some minutes ahead', async (t) => {
  const ahead = (minutes: number) => ({ ...GOOD, obtainedAtMs: NOW_MS + minutes * 60_000 });
  t.equal(problemOfStored(ahead(4), NOW_MS), undefined);
  t.equal(problemOfStored(ahead(6), NOW_MS), 'is from the future');
});
