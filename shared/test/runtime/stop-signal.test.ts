import t from 'tap';
import { stopSignal } from '../../src/runtime/stop-signal.ts';

t.test('the first signal aborts, and a second Ctrl-C exits at once', (t) => {
  const listeners: (readonly [string, () => void])[] = [];
  const exits: number[] = [];
  const source = {
    once: (event: string, listener: () => void) => listeners.push([event, listener]),
    exit: (code: number) => void exits.push(code),
  };
  const signal = stopSignal(source);
  const interrupt = () => listeners.findLast(([event]) => event === 'SIGINT')?.[1]();
  t.notOk(signal.aborted);
  interrupt();
  t.ok(signal.aborted);
  t.same(exits, []);
  interrupt();
  t.same(exits, [130]);
  t.end();
});
