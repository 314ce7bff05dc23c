import type { Certificate } from './certificate.ts';

/** `anyPolicy`, 2.5.29.32.0, in hex. */
const ANY = '551d2000';

/** The policies that are valid up to a certificate, and what each is called further down. */
type PolicyLevel = ReadonlyMap<string, readonly string[]>;

/**
 * Whether the policies of a chain, from a leaf to a root, are valid for a caller that takes any: Go's
 * `policiesValid` (RFC 9618). Only the lowest level of the graph decides then, so no other one is kept.
 */
export function hasValidPolicies(chain: readonly Certificate[]): boolean {
  const length = chain.length - 1;
  const left = { explicit: length + 1, mapping: length + 1, any: length + 1 };
  let level: PolicyLevel | undefined = new Map([[ANY, [ANY]]]);
  for (const [index, certificate] of chain.slice(0, -1).entries().toArray().toReversed()) {
    const isSelfIssued = certificate.rawIssuer.equals(certificate.rawSubject);
    if (certificate.policies.length === 0) level = undefined;
    if (left.explicit === 0 && !level) return false;
    const isAnyTaken = left.any > 0 || (index > 0 && isSelfIssued);
    if (level) level = levelBelow(level, certificate, isAnyTaken);
    if (index === 0) continue;
    if (level) level = mapped(level, certificate, left.mapping > 0);
    if (level === INVALID) return false;
    if (!isSelfIssued) {
      left.explicit = Math.max(0, left.explicit - 1);
      left.mapping = Math.max(0, left.mapping - 1);
      left.any = Math.max(0, left.any - 1);
    }
    left.explicit = Math.min(left.explicit, certificate.requireExplicitPolicy ?? Infinity);
    left.mapping = Math.min(left.mapping, certificate.inhibitPolicyMapping ?? Infinity);
    left.any = Math.min(left.any, certificate.inhibitAnyPolicy ?? Infinity);
  }
  const isRequired = left.explicit <= 1 || chain[0]?.requireExplicitPolicy === 0;
  return chain.length === 1 || !isRequired || (level !== undefined && level.size > 0);
}

const INVALID: PolicyLevel = new Map();

function levelBelow(
  level: PolicyLevel,
  { policies }: Certificate,
  isAnyTaken: boolean,
): PolicyLevel {
  const expected = new Set([...level.values()].flat());
  const own = policies.filter(
    (policy) => policy !== ANY && (expected.has(policy) || level.has(ANY)),
  );
  const inherited = policies.includes(ANY) && isAnyTaken ? [...expected] : [];
  return new Map([...own, ...inherited].map((policy) => [policy, [policy]]));
}

/** What the certificate's own subjects call the policies, or `INVALID`. */
function mapped(
  level: PolicyLevel,
  { policyMappings }: Certificate,
  isMappingTaken: boolean,
): PolicyLevel {
  const below = new Map(level);
  const subjects = Map.groupBy(policyMappings, ({ issuerPolicy }) => issuerPolicy);
  for (const [issuerPolicy, mappings] of subjects) {
    const names = mappings.map(({ subjectPolicy }) => subjectPolicy);
    if (!isMappingTaken) below.delete(issuerPolicy);
    else if (issuerPolicy === ANY || names.includes(ANY)) return INVALID;
    else if (below.has(issuerPolicy) || below.has(ANY)) below.set(issuerPolicy, names);
  }
  return below;
}
