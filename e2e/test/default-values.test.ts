import t from 'tap';
import { testRefusals } from './default-values/refusals.ts';
import { testWebhookConnections } from './default-values/webhook-connections.ts';

await t.test('connections to the webhook', testWebhookConnections);
await t.test('refusals', testRefusals);
