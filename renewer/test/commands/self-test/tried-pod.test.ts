import { podToTry, readTriedPod } from '../../../src/commands/self-test/tried-pod.ts';
import t from 'tap';

t.test('what the text leaves out has its default', (t) => {
  const annotations = { why: 'a test' };
  const tried = readTriedPod(JSON.stringify({ annotations }));
  t.match(podToTry(tried), {
    metadata: { labels: {}, annotations },
    spec: {
      containers: [
        {
          image: /^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com\/.+:1$/,
          resources: { requests: { cpu: '10m' }, limits: { memory: '16Mi' } },
        },
      ],
    },
  });
  t.end();
});

t.test('a text that cannot be used is refused with the reason', (t) => {
  for (const [text, reason] of [
    ['team=a', /JSON/],
    ['[]', /expected object, received array/],
    ['{"image":""}', /^image: /],
    ['{"labels":{"a":1}}', /^labels: a: /],
    ['{"podLabels":{}}', /"podLabels"/],
  ] as const) {
    t.throws(() => readTriedPod(text), { message: reason }, text);
  }
  t.end();
});
