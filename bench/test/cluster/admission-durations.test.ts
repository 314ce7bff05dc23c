import t from 'tap';
import { admissionDurations, fastShare } from '../../src/cluster/admission-durations.ts';

const METRIC = 'apiserver_admission_webhook_admission_duration_seconds';
const line = (suffix: string, name: string, more: string, value: number) =>
  `${METRIC}_${suffix}{name="${name}",operation="CREATE",rejected="false",type="admit"${more}} ${value}`;

t.test('the calls of one webhook, and those within 25 ms, are read from the metrics', (t) => {
  const metrics = [
    `# TYPE ${METRIC} histogram`,
    line('bucket', 'ours.example', ',le="0.005"', 4),
    line('bucket', 'ours.example', ',le="0.025"', 6),
    line('bucket', 'ours.example', ',le="+Inf"', 8),
    line('sum', 'ours.example', '', 1),
    line('count', 'ours.example', '', 8),
    line('bucket', 'theirs.example', ',le="0.025"', 50),
    line('count', 'theirs.example', '', 60),
  ].join('\n');
  t.strictSame(admissionDurations(metrics, 'ours.example'), { calls: 8, fast: 6 });
  t.strictSame(admissionDurations('', 'ours.example'), { calls: 0, fast: 0 });
  t.equal(fastShare({ calls: 8, fast: 6 }, { calls: 18, fast: 15 }), 0.9);
  t.end();
});
