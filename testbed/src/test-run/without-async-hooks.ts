/**
 * What each test file imports first, by `tap.node-arg` of the root's package.json. tap follows each promise by an async
 * hook. If an error occurs in no promise that the test awaits, tap so finds its subtest. That takes a third to a half of
 * the CPU of a test with many promises. Without the hook, such an error fails the test file in place of the subtest.
 */
import asyncHooks from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';

const idle: asyncHooks.AsyncHook = { enable: () => idle, disable: () => idle };
asyncHooks.createHook = () => idle;
syncBuiltinESMExports();
