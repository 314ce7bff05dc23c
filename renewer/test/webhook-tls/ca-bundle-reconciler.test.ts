import { text } from 'node:stream/consumers';
import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import { generateRsaKeyPair } from '@ecr-pull-secrets/certs-scripts/issue/key-pair.ts';
import { createFeed, LIST_VERSION } from '@ecr-pull-secrets/kube/testing/feed.ts';
import { createObservable } from '@ecr-pull-secrets/shared/runtime/observable.ts';
import t from 'tap';
import type { DeploymentReport } from '../../src/deployment-events/deployment-events.ts';
import { runCaBundleReconciler } from '../../src/webhook-tls/ca-bundle-reconciler.ts';
import { NOTHING_READ, type PublishedCaBundle } from '../../src/webhook-tls/published-ca-bundle.ts';
import { encode } from '../support/ca-secrets.ts';
import { startWorld } from '../support/reconciler-world.ts';

const keyPair = await generateRsaKeyPair();
const make = async (commonName: string): Promise<string> =>
  (await createCa({ commonName, now: new Date(), keyPair })).certificatePem;

/** Configurations of webhooks as they are with a bundle. */
function configurationWith(caBundle: string, version: number) {
  return {
    metadata: { name: 'hook', resourceVersion: String(version) },
    webhooks: [{ name: 'one.example', clientConfig: { caBundle } }],
  };
}

t.test(
  'a program that clears caBundle again and again is answered more and more slowly, but a new bundle waits for nothing',
  async (t) => {
    const [first, second] = [await make('first'), await make('second')];
    let version = LIST_VERSION;
    const feed = createFeed([configurationWith('', version)]);
    const writes: string[] = [];
    const world = await startWorld(t, async (exchange) => {
      const isWatch = exchange.url.searchParams.has('watch');
      if (exchange.request.method === 'GET') return isWatch ? feed.watch(exchange) : feed.list(exchange);
      const { webhooks } = JSON.parse(await text(exchange.request));
      writes.push(webhooks[0].clientConfig.caBundle);
      exchange.json({ metadata: { name: 'hook', resourceVersion: String(++version) } });
      feed.send('MODIFIED', configurationWith(writes.at(-1) ?? '', version));
      feed.send('MODIFIED', configurationWith('', ++version));
    });
    const source = createObservable(first);
    const published = createObservable<PublishedCaBundle>(NOTHING_READ);
    const { signal } = world;
    const reported: DeploymentReport[] = [];
    world.run(() =>
      runCaBundleReconciler(
        world.dependencies,
        {
          webhookName: 'hook',
          desired: { input: source, next: () => ({ bundlePem: source.get() }) },
          published,
          events: { report: (report) => reported.push(report), resolve: () => {} },
        },
        { signal, isHeld: () => true },
      ),
    );

    await world.pass(500);
    t.match(reported[0], { reason: 'CaBundleChanged', message: /--show-managed-fields/ });
    t.ok(writes.length >= 2, `the first repairs come at once: ${writes.length}`);
    await world.pass(30_000);
    const answered = writes.length;
    t.ok(answered <= 15, `then waits grow: ${answered} in half a minute`);
    await world.pass(30_000);
    t.ok(writes.length - answered >= 4, `it is not given up: ${writes.length - answered} more`);

    source.set(second);
    await world.pass(100);
    t.equal(writes.at(-1), encode(second), 'at once, in the middle of a wait');
  },
);
