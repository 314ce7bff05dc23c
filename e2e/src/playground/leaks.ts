import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { EcrStandIn } from '../ecr-stand-in/server.ts';
import type { LocalNode } from '../local-node/local-node.ts';
import type { Event, KubeApi, Pod, Secret } from './kube-api.ts';

/** Where the product may have said something, and what it must not have said. */
export interface LeakSearch {
  readonly api: KubeApi;
  readonly node: LocalNode;
  readonly ecr: EcrStandIn;
  /** Folder of all containers' logs, those of pods that are gone too. */
  readonly logDirectory: string;
}

/** Says where a token, a password, a key or a part of one stands; never which. */
export async function findLeaks(search: LeakSearch): Promise<readonly string[]> {
  const secrets = await secretsOf(search);
  const texts = [
    ...(await logsIn(search.logDirectory)),
    ...(await metricsOf(search)),
    ...(await eventsOf(search.api)),
  ];
  return texts
    .filter(({ text }) => secrets.some((secret) => text.includes(secret)))
    .map(({ place }) => place);
}

interface Said {
  readonly place: string;
  readonly text: string;
}

/** AWS's secrets whole and encoded, and a line from the middle of each private key. */
async function secretsOf({ ecr, api }: LeakSearch): Promise<readonly string[]> {
  const aws = ecr.secrets().flatMap((secret) => [secret, Buffer.from(secret).toString('base64')]);
  const path = `/api/v1/namespaces/${PRODUCT_NAME}/secrets/${PRODUCT_NAME}-ca`;
  const authority = await api.get<Secret>(path).catch(() => undefined);
  const key = Buffer.from(authority?.data?.['tls.key'] ?? '', 'base64').toString();
  const [, , middle] = key.split('\n');
  return middle ? [...aws, middle] : aws;
}

async function logsIn(directory: string): Promise<readonly Said[]> {
  const files = await readdir(directory, { recursive: true, withFileTypes: true });
  return Promise.all(
    files
      .filter((file) => file.isFile())
      .map(async ({ parentPath, name }) => ({
        place: `the log ${name}`,
        text: await readFile(join(parentPath, name), 'utf8'),
      })),
  );
}

async function metricsOf({ api, node }: LeakSearch): Promise<readonly Said[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(
    `/api/v1/namespaces/${PRODUCT_NAME}/pods`,
  );
  const addresses = pods
    .map(({ status }) => node.toLoopback(status?.podIP ?? ''))
    .filter((address) => address !== undefined);
  const urls = addresses.flatMap((host) =>
    [9402, 9403].map((port) => `http://${host}:${port}/metrics`),
  );
  return Promise.all(
    urls.map(async (place) => ({
      place,
      // A pod that is just stopping says nothing any more.
      text: await fetch(place).then(
        (response) => response.text(),
        () => '',
      ),
    })),
  );
}

async function eventsOf(api: KubeApi): Promise<readonly Said[]> {
  const events = await api.list<Event>('/api/v1/events');
  return events.map(({ reason, message }) => ({ place: `an Event ${reason}`, text: message }));
}
