import t from 'tap';
import type { DeploymentReport } from '../../src/deployment-events/deployment-events.ts';
import { reportFailures } from '../../src/deployment-events/reported-controller.ts';

t.test('a controller of the leader that fails again and again is reported, and its end', async (t) => {
  const reported: DeploymentReport[] = [];
  const events = {
    report: (report: DeploymentReport) => void reported.push(report),
    resolve: (report: DeploymentReport) => void reported.push(report),
  };
  let error: Error | undefined = new Error('403 Forbidden\nmore');
  const controller = {
    name: 'CA',
    resyncMs: 1_000,
    retry: { baseMs: 1_000, capMs: 1_000 },
    isExpected: (failure: unknown) => failure instanceof RangeError,
    reconcile: async () => {
      if (error) throw error;
    },
  };
  const { signal } = new AbortController();
  const tested = reportFailures(controller, events, {
    reasons: ['CaNotWritten', 'CaWritten'],
    consequence: 'It fails:',
  });
  for (let attempt = 0; attempt < 2; attempt++) await t.rejects(tested.reconcile(signal), error);
  t.same(reported, [], 'an API server that restarts is no problem');
  await t.rejects(tested.reconcile(signal), error);
  t.match(reported, [
    { subject: 'CA', reason: 'CaNotWritten', message: /^It fails: 403 Forbidden\. The renewer tries/ },
  ]);
  error = new RangeError('expected');
  await t.rejects(tested.reconcile(signal), error);
  t.equal(reported.length, 1);
  error = undefined;
  await tested.reconcile(signal);
  t.match(reported.slice(1), [{ subject: 'CA', reason: 'CaWritten' }]);
});
