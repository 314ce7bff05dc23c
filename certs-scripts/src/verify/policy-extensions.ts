import { type DerReader, malformed, TAG } from './der.ts';

/** What a certificate says about policies (RFC 5280 §4.2.1.4, 5, 11 and 14). Identifiers are in hex. */
export interface Policies {
  readonly policies: readonly string[];
  readonly policyMappings: readonly PolicyMapping[];
  readonly requireExplicitPolicy?: number | undefined;
  readonly inhibitPolicyMapping?: number | undefined;
  readonly inhibitAnyPolicy?: number | undefined;
}

export interface PolicyMapping {
  readonly issuerPolicy: string;
  readonly subjectPolicy: string;
}

export const NO_POLICIES: Policies = Object.freeze({ policies: [], policyMappings: [] });

/** @throws an Error if Go does not read them */
export function readPolicies(reader: DerReader): Pick<Policies, 'policies'> {
  const policies = Array.from(reader.enter().sequences(), (policy) => {
    const { content } = policy.read(TAG.objectIdentifier);
    if (!isIdentifier(content)) throw malformed();
    return content.toString('hex');
  });
  if (new Set(policies).size < policies.length) throw malformed();
  return { policies };
}

/** @throws an Error if Go does not read them */
export function readMappings(reader: DerReader): Pick<Policies, 'policyMappings'> {
  return {
    policyMappings: Array.from(reader.enter().sequences(), (mapping) => ({
      issuerPolicy: mapping.read(TAG.objectIdentifier).content.toString('hex'),
      subjectPolicy: mapping.read(TAG.objectIdentifier).content.toString('hex'),
    })),
  };
}

/** Of any length, unlike others: each number in its shortest form, the last one complete. */
function isIdentifier(octets: Buffer): boolean {
  const isPadded = octets.some((octet, index) => octet === 0x80 && (index === 0 || (octets[index - 1] ?? 0) < 0x80));
  const last = octets.at(-1);
  return last !== undefined && last < 0x80 && !isPadded;
}
