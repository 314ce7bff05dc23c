import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ifFound } from '@ecr-pull-secrets/kube/api-error.ts';
import { describeError, isCodedError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { EcrStandIn } from '../ecr-stand-in/server.ts';
import { progressToStderr } from '../local-cluster/progress.ts';
import type { LocalNode } from '../local-node/local-node.ts';
import type { Event, KubeApi, Pod, Secret } from './kube-api.ts';
import { OPS_PORTS } from './ports.ts';
import { createSecretPieces } from './secret-pieces.ts';

/** Where the product may have said something, and what it must not have said. */
export interface LeakSearch {
  readonly api: KubeApi;
  readonly node: LocalNode;
  readonly ecr: EcrStandIn;
  /** Folder of all containers' logs, those of pods that are gone too. */
  readonly logDirectory: string;
  /**
   * Called with what could not be searched because the API server, or a container that is ready, is away;
   * by default it writes to standard error.
   */
  readonly warn?: (line: string) => void;
}

/**
 * Says where a token, a password, a key or a part of one stands; never which. The logs are searched
 * even if the API server is away. If the API server refuses to show something, that is in the answer too.
 *
 * @throws if the logs cannot be read
 */
export async function findLeaks(search: LeakSearch): Promise<readonly string[]> {
  const { api, ecr, logDirectory, warn = progressToStderr } = search;
  const refused: string[] = [];
  const seen = async <T>(what: string, ask: Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await ask;
    } catch (error) {
      const line = `not searched for secrets: ${what}: ${describeError(error)}`;
      if (isCodedError(error, 'ECRPS_KUBERNETES_UNREACHABLE')) warn(line);
      else refused.push(line);
      return [];
    }
  };
  const key = await seen('all places, for the key of the CA', caKey(api));
  const pieces = createSecretPieces([...ecr.secrets(), ...key, ...(await mountedSecrets(dirname(logDirectory)))]);
  const texts = [
    ...(await logsIn(logDirectory)),
    ...(await seen('metrics', metricsOf(search, warn))),
    ...(await seen('Events', eventsOf(api))),
  ];
  const leaks = texts.filter(({ text }) => pieces.areIn(text));
  return [...leaks.map(({ place }) => place), ...refused];
}

interface Said {
  readonly place: string;
  readonly text: string;
}

/** Lines of the private key; none if there is no CA. */
async function caKey(api: KubeApi): Promise<readonly string[]> {
  const path = `/api/v1/namespaces/${PRODUCT_NAME}/secrets/${PRODUCT_NAME}-ca`;
  const ca = await ifFound(api.get<Secret>(path));
  return linesOf(Buffer.from(ca?.data?.['tls.key'] ?? '', 'base64').toString());
}

/** Files that hold a secret: tokens of ServiceAccounts, keys of serving certificates. */
const SECRET_FILES = new Set(['token', 'tls.key']);

/** What lies in the volumes of the pods of the moment. */
async function mountedSecrets(nodeDirectory: string): Promise<readonly string[]> {
  const files = await filesIn(nodeDirectory);
  const paths = files.filter((path) => SECRET_FILES.has(basename(path)));
  // A pod may be going, and its volumes with it.
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8').catch(() => '')));
  return texts.flatMap(linesOf);
}

/** A whole line of PEM. */
const LINE_LENGTH = 64;

/** Of PEM the first and the last lines are the same for all, or too short to be a proof. */
function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  return lines.filter((line) => line.length >= LINE_LENGTH && !line.startsWith('-----'));
}

/** A folder that goes while it is read has no files any more: pods may be ending. */
async function filesIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(ifGone);
  const files = await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return filesIn(path);
      return entry.isFile() ? [path] : [];
    }),
  );
  return files.flat();
}

function ifGone(error: unknown): readonly [] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}

async function logsIn(directory: string): Promise<readonly Said[]> {
  const paths = await filesIn(directory);
  return Promise.all(
    paths.map(async (path) => ({
      place: `the log ${basename(path)}`,
      text: await readFile(path, 'utf8'),
    })),
  );
}

async function metricsOf({ api, node }: LeakSearch, warn: (line: string) => void): Promise<readonly Said[]> {
  const pods = await api.list<Pod & { status?: { podIP?: string } }>(`/api/v1/namespaces/${PRODUCT_NAME}/pods`);
  const asked = pods.flatMap((pod) => {
    const host = node.toLoopback(pod.status?.podIP ?? '');
    if (!host) return [];
    return Object.entries(OPS_PORTS).map(async ([container, port]) => {
      const place = `http://${host}:${port}/metrics`;
      try {
        return { place, text: await read(place) };
      } catch (error) {
        // A container that is just starting or stopping says nothing.
        if (isServing(pod, container)) warn(`not searched for secrets: ${place}: ${describeError(error)}`);
        return { place, text: '' };
      }
    });
  });
  return Promise.all(asked);
}

/** Far longer than it takes: a container that hangs must not hold up the end of a test. */
const METRICS_TIMEOUT_MS = 5_000;

async function read(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(METRICS_TIMEOUT_MS) });
  return response.text();
}

function isServing({ metadata, status }: Pod, container: string): boolean {
  const found = status?.containerStatuses?.find(({ name }) => name === container);
  return !metadata.deletionTimestamp && Boolean(found?.ready);
}

async function eventsOf(api: KubeApi): Promise<readonly Said[]> {
  const events = await api.list<Event>('/api/v1/events');
  return events.map(({ reason, message }) => ({ place: `an Event ${reason}`, text: message }));
}
