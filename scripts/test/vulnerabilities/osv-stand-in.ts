import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import * as z from 'zod';
import { listenOnLoopback } from '@ecr-pull-secrets/shared/testing/listen.ts';

/** A page of a package's vulnerabilities: their IDs, and the next page if there is one. */
interface Page {
  readonly ids: readonly string[];
  readonly next?: string;
}

export interface OsvStandInOptions {
  /** By `purl`, or by `purl page_token`. */
  readonly pages: Readonly<Record<string, Page>>;
  /** By ID, as https://ossf.github.io/osv-schema/ has them. */
  readonly vulnerabilities: Readonly<Record<string, object>>;
  /** What becomes of the first requests: a status, or no answer at all. */
  readonly faults?: readonly (number | 'hang')[];
}

export interface OsvStandIn {
  readonly address: string;
  /** Method and path of each request. */
  readonly requests: readonly string[];
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Speaks OSV's API on a loopback address: `POST /v1/querybatch` and `GET /v1/vulns/{id}`. */
export async function startOsvStandIn(options: OsvStandInOptions): Promise<OsvStandIn> {
  const requests: string[] = [];
  const faults = [...(options.faults ?? [])];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const fault = faults.shift();
    if (fault !== 'hang') void respond(request, response, { ...options, fault });
  });
  const port = await listenOnLoopback(server);
  return {
    address: `http://127.0.0.1:${port}`,
    requests,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { fault, ...options }: OsvStandInOptions & { readonly fault: number | undefined },
): Promise<void> {
  const unavailable = { code: 14, message: 'unavailable' };
  const { status, body } = fault ? { status: fault, body: unavailable } : await answer(request, options);
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function answer(request: IncomingMessage, options: OsvStandInOptions): Promise<Answer> {
  const { method, url = '' } = request;
  if (method === 'POST' && url === '/v1/querybatch') return batch(await json(request), options);
  const [, id = ''] = /^\/v1\/vulns\/([^/]+)$/.exec(url) ?? [];
  const found = options.vulnerabilities[decodeURIComponent(id)];
  if (method === 'GET' && found) return { status: 200, body: found };
  return { status: 404, body: { code: 5, message: 'Bug not found.' } };
}

/** What OSV takes: no version beside that of the purl. */
const queryBatch = z.object({
  queries: z.array(
    z.strictObject({
      package: z.strictObject({ purl: z.string() }),
      page_token: z.string().optional(),
    }),
  ),
});

/** The answers stand in the order of the queries; one about which nothing is known is empty. */
function batch(body: unknown, { pages }: OsvStandInOptions): Answer {
  const { success, data } = queryBatch.safeParse(body);
  if (!success) return { status: 400, body: { code: 3, message: 'Invalid query.' } };
  const results = data.queries.map(({ package: { purl }, page_token: token }) => {
    const page = pages[token ? `${purl} ${token}` : purl];
    if (!page) return {};
    const vulns = page.ids.map((id) => ({ id, modified: '2026-11-01T00:00:00Z' }));
    return page.next ? { vulns, next_page_token: page.next } : { vulns };
  });
  return { status: 200, body: { results } };
}
