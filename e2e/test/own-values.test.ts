import t from 'tap';
import { testHelmTest } from './own-values/helm-test.ts';
import { testMissedPods } from './own-values/missed-pods.ts';

await t.test('missed pods', testMissedPods);
await t.test('helm test', testHelmTest);
