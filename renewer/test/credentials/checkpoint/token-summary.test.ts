import t from 'tap';
import { formatTokenSummaries, parseTokenSummaries } from '../../../src/credentials/checkpoint/token-summary.ts';

const ROLE = 'arn:aws:iam::210987654321:role/pull';

function tokenOf(account: string) {
  return {
    username: 'AWS',
    password: 'secret-password',
    registry: `https://${account}.dkr.ecr.us-east-1.amazonaws.com`,
    obtainedAtMs: Date.parse('2026-11-30T00:00:00Z'),
    expiresAtMs: Date.parse('2026-11-30T12:00:00Z'),
  };
}

t.test('a summary has the registry, the role and the dates, and no credential', async (t) => {
  const text = formatTokenSummaries(
    new Map([
      [`ecr us-east-1 ${ROLE} 0123456789abcdef`, tokenOf('222222222222')],
      ['ecr us-east-1', tokenOf('111111111111')],
    ]),
  );
  const dates = { obtainedAt: '2026-11-30T00:00:00.000Z', expiresAt: '2026-11-30T12:00:00.000Z' };
  t.same(parseTokenSummaries(text), [
    { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', ...dates },
    { registry: '222222222222.dkr.ecr.us-east-1.amazonaws.com', role: ROLE, ...dates },
  ]);
  t.notMatch(text, /secret-password|AWS/);
});

t.test('what is too long is not written, and what strangers wrote is not read', async (t) => {
  const many = Array.from({ length: 1_000 }, (_, index) => [`ecr region-${index}`, tokenOf('1'.repeat(12))] as const);
  t.equal(formatTokenSummaries(new Map(many)), '');
  for (const text of [undefined, '', '{', '{}', '[{"registry":"x"}]', `[${' '.repeat(70_000)}]`]) {
    t.equal(parseTokenSummaries(text), undefined, String(text).slice(0, 20));
  }
  const date = '2026-11-30T12:00:00.000Z';
  t.equal(parseTokenSummaries(JSON.stringify([{ registry: 'x', obtainedAt: 'now', expiresAt: date }])), undefined);
});
