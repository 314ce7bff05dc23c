import type { Certificate } from './certificate.ts';

/** `anyPolicy`, 2.5.29.32.0, in hex. */
const ANY = '551d2000';

/** The policies that are valid up to a certificate, and what each is called further down. */
type PolicyLevel = ReadonlyMap<string, readonly string[]>;

/** How many more certificates down the chain may go without a policy, map one, or have any. */
type Allowance = Record<'explicit' | 'mapping' | 'any', number>;

/**
 * Whether the policies of a chain, from a leaf to a root, are valid for a caller that takes any: Go's
 * `policiesValid` (RFC 9618). Only the lowest level of the graph decides then, so no other one is stored.
 */
export function hasValidPolicies([leaf, ...cas]: readonly Certificate[]): boolean {
  if (!leaf || cas.length === 0) return true;
  const depth = cas.length + 1;
  let left: Allowance = { explicit: depth, mapping: depth, any: depth };
  let level: PolicyLevel | undefined = new Map([[ANY, [ANY]]]);
  for (const intermediate of cas.slice(0, -1).toReversed()) {
    level = levelBelow(level, intermediate, left.any > 0 || isSelfIssued(intermediate));
    if (!level && left.explicit === 0) return false;
    level = level && mapped(level, intermediate, left.mapping > 0);
    if (level === INVALID) return false;
    left = allowanceBelow(left, intermediate);
  }
  level = levelBelow(level, leaf, left.any > 0);
  const isRequired = left.explicit <= 1 || leaf.requireExplicitPolicy === 0;
  return (level !== undefined && level.size > 0) || !isRequired;
}

const INVALID: PolicyLevel = new Map();

function isSelfIssued({ rawIssuer, rawSubject }: Certificate): boolean {
  return rawIssuer.equals(rawSubject);
}

function allowanceBelow(left: Allowance, certificate: Certificate): Allowance {
  const step = isSelfIssued(certificate) ? 0 : 1;
  const least = (before: number, stated = Number.POSITIVE_INFINITY): number =>
    Math.min(Math.max(0, before - step), stated);
  return {
    explicit: least(left.explicit, certificate.requireExplicitPolicy),
    mapping: least(left.mapping, certificate.inhibitPolicyMapping),
    any: least(left.any, certificate.inhibitAnyPolicy),
  };
}

function levelBelow(
  level: PolicyLevel | undefined,
  { policies }: Certificate,
  isAnyTaken: boolean,
): PolicyLevel | undefined {
  if (!level || policies.length === 0) return undefined;
  const expected = new Set([...level.values()].flat());
  const own = policies.filter((policy) => policy !== ANY && (expected.has(policy) || level.has(ANY)));
  const inherited = policies.includes(ANY) && isAnyTaken ? [...expected] : [];
  return new Map([...own, ...inherited].map((policy) => [policy, [policy]]));
}

/** What the certificate's own subjects call the policies, or `INVALID`. */
function mapped(level: PolicyLevel, { policyMappings }: Certificate, isMappingTaken: boolean): PolicyLevel {
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
