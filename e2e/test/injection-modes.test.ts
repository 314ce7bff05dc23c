import t from 'tap';
import { testInjectionCases } from './injection-modes/injection-cases.ts';
import { testPolicyMode } from './injection-modes/policy-mode.ts';

// In this order: the last test finds no error of a condition or an expression in either scenario.
await t.test('policy mode', testPolicyMode);
await t.test('injection cases', testInjectionCases);
