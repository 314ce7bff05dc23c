import t from 'tap';
import { testStolenCaKey } from './certificate-modes/attacks-ca-key.ts';
import { testTlsModes } from './certificate-modes/tls-modes.ts';

// In this order: the first scenario expects that there is no CA of our own yet, and the second one needs it.
await t.test('TLS modes', testTlsModes);
await t.test('a stolen CA key', testStolenCaKey);
