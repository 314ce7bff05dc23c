import { createApiError } from '@ecr-pull-secrets/kube/api-error.ts';
import t from 'tap';
import { newestWarning } from '../../src/cluster/events.ts';
import { readClusterState } from '../../src/explain/cluster-state.ts';
import { newestEvent } from '../../src/explain/newest-event.ts';
import { clientWith } from '../support/client.ts';

const SECRET_EVENT = {
  involvedObject: { kind: 'Secret' },
  reason: 'PullSecretRefused',
  message: 'exceeded quota',
  type: 'Warning',
  lastTimestamp: '2026-11-30T11:00:00Z',
};
const POD_EVENT = {
  involvedObject: { kind: 'Pod' },
  reason: 'PodOlderThanLabel',
  message: 'This pod needs the pull secret',
  type: 'Warning',
  lastTimestamp: '2026-11-30T12:00:00Z',
};

const NOT_FOUND = { status: 404, retryAfter: undefined, text: '{}' };

t.test('a newer Event about a missed pod does not hide why there is no secret', async (t) => {
  const client = clientWith(({ path, query }) => {
    if (path !== '/api/v1/namespaces/payments/events') throw createApiError(path, NOT_FOUND);
    const selector = String(query?.['fieldSelector']);
    const selected = /involvedObject\.kind=(\w+)/.exec(selector)?.[1];
    return {
      items: [SECRET_EVENT, POD_EVENT].filter(({ involvedObject }) => !selected || involvedObject.kind === selected),
    };
  });
  const cluster = await readClusterState(client, { namespace: 'payments', pod: 'app' });
  t.equal(newestEvent(cluster), '; the newest Event of the renewer: PullSecretRefused: exceeded quota');
});

t.test('a problem that is over is none', (t) => {
  const over = { type: 'Normal', reason: 'PullSecretWritten', lastTimestamp: '2026-11-30T12:00:00Z' };
  t.equal(newestWarning({ found: [over, SECRET_EVENT] }), undefined);
  t.equal(newestWarning({ found: [SECRET_EVENT] }), SECRET_EVENT);
  t.end();
});
