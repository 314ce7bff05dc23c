import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod';

/** OSV (https://google.github.io/osv.dev/api/), which has GitHub's advisories on npm packages and others'. */
const OSV_ADDRESS = 'https://api.osv.dev';

/** Our SBOM has about a hundred packages; OSV takes 1,000 in a request. */
const MAX_PACKAGES = 1000;

/** OSV answers with more pages when there is much to say. No package in use has that much against it. */
const MAX_PAGES = 10;

/** A single lost connection must not spoil a night. */
const ATTEMPTS = 3;

/** How requests to OSV are made; the defaults are those of the nightly check. */
export interface OsvOptions {
  readonly address?: string;
  /** For each request. */
  readonly timeoutMs?: number;
  /** Before a request is sent again. */
  readonly pauseMs?: number;
}

const batchAnswer = z.object({
  results: z.array(
    z.object({
      vulns: z.array(z.object({ id: z.string() })).default([]),
      next_page_token: z.string().optional(),
    }),
  ),
});

/** As https://ossf.github.io/osv-schema/ has it. */
const vulnerability = z.object({
  id: z.string(),
  summary: z.string().default('no summary'),
  database_specific: z.object({ severity: z.string().optional() }).optional(),
});

interface Query {
  readonly package: { readonly purl: string };
  readonly page_token?: string;
}

/**
 * The known vulnerabilities of packages.
 *
 * @param purls - package URLs with a version, as in an SBOM
 * @returns one line for each package and vulnerability
 * @throws if OSV does not answer, or answers in another form
 */
export async function findVulnerabilities(
  purls: readonly string[],
  options: OsvOptions = {},
): Promise<readonly string[]> {
  if (purls.length > MAX_PACKAGES) {
    throw new Error(`OSV takes ${MAX_PACKAGES} packages in a request, not ${purls.length}`);
  }
  const found = await queryPages(
    purls.map((purl) => ({ package: { purl } })),
    options,
  );
  return Promise.all(
    found.map(async ([purl, id]) => {
      const path = `/v1/vulns/${encodeURIComponent(id)}`;
      const { summary, database_specific: specific } = vulnerability.parse(await request(path, {}, options));
      const severity = specific?.severity ?? 'UNKNOWN';
      return `${purl} ${id} ${severity} ${summary} https://osv.dev/vulnerability/${id}`;
    }),
  );
}

/** @returns pairs of a purl and the ID of a vulnerability */
async function queryPages(
  queries: readonly Query[],
  options: OsvOptions,
  page = 1,
): Promise<readonly (readonly [string, string])[]> {
  if (queries.length === 0) return [];
  if (page > MAX_PAGES) throw new Error(`OSV has more than ${MAX_PAGES} pages`);
  const body = JSON.stringify({ queries });
  const { results } = batchAnswer.parse(await request('/v1/querybatch', { method: 'POST', body }, options));
  // The answers stand in the order of the queries.
  if (results.length !== queries.length) throw new Error('OSV does not answer each query');
  const answered = queries.map(({ package: { purl } }, index) => ({ purl, ...results[index] }));
  const rest = answered.flatMap(({ purl, next_page_token: token }) =>
    token ? [{ package: { purl }, page_token: token }] : [],
  );
  return [
    ...answered.flatMap(({ purl, vulns = [] }) => vulns.map(({ id }) => [purl, id] as const)),
    ...(await queryPages(rest, options, page + 1)),
  ];
}

async function request(
  path: string,
  init: RequestInit,
  { address = OSV_ADDRESS, timeoutMs = 30_000, pauseMs = 10_000 }: OsvOptions,
): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(`${address}${path}`, { ...init, headers, signal });
      if (!response.ok) throw new Error(`it answers with status ${response.status}`);
      return await response.json();
    } catch (cause) {
      if (attempt === ATTEMPTS) throw new Error(`OSV cannot be reached: ${path}`, { cause });
      await delay(pauseMs);
    }
  }
}
