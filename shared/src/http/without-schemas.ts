import type { FastifyServerOptions } from 'fastify';

/**
 * Options of Fastify for a server whose routes have no JSON schema. Without them Fastify loads compilers of schemas, ajv
 * and fast-json-stringify, for every server. The bundle does not contain them
 * (`scripts/src/bundle/unused-modules.ts`).
 */
export const WITHOUT_SCHEMAS = {
  schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
} satisfies FastifyServerOptions;

/** Called for the first route with a schema. */
function refuseSchema(): never {
  throw new TypeError('routes have no JSON schema here');
}
