// The client for machines without wrk. autocannon, the usual one, counts latencies in whole milliseconds, of which a
// review takes a tenth.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { quantileOf } from '../measure/statistics.ts';

const [, , url = '', connections, seconds, file = ''] = process.argv;
const body = readFileSync(file);
const headers = { 'content-type': 'application/json', 'content-length': body.length };
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections), rejectUnauthorized: false });
const latenciesUs: number[] = [];
let failures = 0;

async function send(): Promise<void> {
  const startedMs = performance.now();
  const outgoing = request(url, { agent, method: 'POST', headers });
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  response.resume();
  await once(response, 'end');
  if (response.statusCode === 200) latenciesUs.push((performance.now() - startedMs) * 1000);
  else failures++;
}

const endMs = performance.now() + Number(seconds) * 1000;
async function work(): Promise<void> {
  while (performance.now() < endMs) await send().catch(() => failures++);
}
await Promise.all(Array.from({ length: Number(connections) }, work));
agent.destroy();

const report = {
  reviews: latenciesUs.length,
  failures,
  p50Us: latenciesUs.length > 0 ? quantileOf(latenciesUs, 0.5) : 0,
  p99Us: latenciesUs.length > 0 ? quantileOf(latenciesUs, 0.99) : 0,
};
process.stdout.write(`${JSON.stringify(report)}\n`);
