import t from 'tap';
import { testRegistries } from './attacks-release/attacks-registries.ts';
import { testWebhookContainer } from './attacks-release/attacks-webhook-container.ts';

// In this order: the second scenario replaces the product by an attacker's build.
await t.test('registries', testRegistries);
await t.test('the webhook container', testWebhookContainer);
