import t from 'tap';
import { testHelmTest } from './one-cluster/helm-test.ts';
import { testMissedPods } from './one-cluster/missed-pods.ts';

await t.test('missed pods', testMissedPods);
await t.test('helm test', testHelmTest);
