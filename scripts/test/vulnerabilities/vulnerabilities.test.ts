import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import t from 'tap';
import { type OsvStandInOptions, startOsvStandIn } from './osv-stand-in.ts';
import { findVulnerabilities } from '../../src/vulnerabilities/vulnerabilities.ts';

const GOOD = 'pkg:npm/fastify@5.12.8';
const BAD = 'pkg:npm/%40scope/old@1.0.0';

const KNOWN = {
  pages: {
    [BAD]: { ids: ['GHSA-aaaa-bbbb-cccc'], next: 'second' },
    [`${BAD} second`]: { ids: ['MAL-2026-1'] },
  },
  vulnerabilities: {
    'GHSA-aaaa-bbbb-cccc': {
      id: 'GHSA-aaaa-bbbb-cccc',
      summary: 'It runs anything',
      affected: [],
      database_specific: { severity: 'HIGH' },
    },
    'MAL-2026-1': { id: 'MAL-2026-1' },
  },
} satisfies OsvStandInOptions;

const QUICK = { timeoutMs: 200, pauseMs: 1 };

t.test('each vulnerability of each package has a line, those of later pages too', async (t) => {
  const osv = await startOsvStandIn(KNOWN);
  t.teardown(() => osv.close());
  t.strictSame(await findVulnerabilities([GOOD, BAD], { address: osv.address }), [
    `${BAD} GHSA-aaaa-bbbb-cccc HIGH It runs anything https://osv.dev/vulnerability/GHSA-aaaa-bbbb-cccc`,
    `${BAD} MAL-2026-1 UNKNOWN no summary https://osv.dev/vulnerability/MAL-2026-1`,
  ]);
  t.equal(osv.requests.filter((request) => request === 'POST /v1/querybatch').length, 2);
});

t.test('packages without a known vulnerability have no line', async (t) => {
  const osv = await startOsvStandIn(KNOWN);
  t.teardown(() => osv.close());
  t.strictSame(await findVulnerabilities([GOOD], { address: osv.address }), []);
  t.strictSame(osv.requests, ['POST /v1/querybatch']);
});

t.test('a request that fails once or hangs once is sent again', async (t) => {
  const osv = await startOsvStandIn({ ...KNOWN, faults: [503, 'hang'] });
  t.teardown(() => osv.close());
  const lines = await findVulnerabilities([BAD], { address: osv.address, ...QUICK });
  t.equal(lines.length, 2);
});

t.test('it fails if OSV is away, rather than find nothing', async (t) => {
  const osv = await startOsvStandIn({ ...KNOWN, faults: [503, 503, 'hang'] });
  t.teardown(() => osv.close());
  const { address } = osv;
  await t.rejects(findVulnerabilities([GOOD], { address, ...QUICK }), {
    message: 'OSV cannot be reached: /v1/querybatch',
  });
  t.equal(osv.requests.length, 3);
  osv.close();
  const refused = await findVulnerabilities([GOOD], { address, ...QUICK }).catch(describeError);
  t.match(refused, /OSV cannot be reached.*ECONNREFUSED/);
});

t.test('it ends if OSV has page after page', async (t) => {
  const osv = await startOsvStandIn({
    ...KNOWN,
    pages: { [BAD]: { ids: [], next: 'on' }, [`${BAD} on`]: { ids: [], next: 'on' } },
  });
  t.teardown(() => osv.close());
  await t.rejects(findVulnerabilities([BAD], { address: osv.address }), {
    message: 'OSV has more than 10 pages',
  });
});

t.test('a request names no more packages than OSV takes at once', async (t) => {
  await t.rejects(findVulnerabilities(Array.from({ length: 1001 }, () => GOOD)), {
    message: 'OSV takes 1000 packages in a request, not 1001',
  });
});
