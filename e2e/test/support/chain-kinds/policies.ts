import {
  caExtensions,
  type ChainDraft,
  leaf,
  leafExtensions,
  middle,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { objectIdentifier, sequence } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  commonName,
  extension,
  inhibitAnyPolicy,
  policies,
  policyConstraints,
  policyMappings,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { caWith, type ChainKinds, withMore } from './common.ts';

const ANY_POLICY = '2.5.29.32.0';
const POLICY = '1.3.6.1.4.1.55555.2';
const OTHER_POLICY = '1.3.6.1.4.1.55555.3';

/** Certificate policies that are required (RFC 9618). */
export const POLICIES_KINDS: ChainKinds = {
  'a policy that is required, and is there': withMore({
    root: [policies(POLICY)],
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(POLICY)],
  }),
  'a policy that is required, and is not there': withMore({
    middle: [policies(POLICY), policyConstraints(0)],
  }),
  'a policy that is required, and another is there': withMore({
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(OTHER_POLICY)],
  }),
  'a policy that is required by the root alone': withMore({ root: [policyConstraints(0)] }),
  'a policy that is required further down': withMore({ middle: [policyConstraints(1)] }),
  'a policy that the leaf requires': withMore({ leaf: [policyConstraints(0)] }),
  'any policy if one is required': withMore({
    middle: [policies(ANY_POLICY), policyConstraints(0)],
    leaf: [policies(POLICY)],
  }),
  'any policy at the end': withMore({
    middle: [policies(POLICY), policyConstraints(0)],
    leaf: [policies(ANY_POLICY)],
  }),
  'any policy that is inhibited': withMore({
    middle: [policies(POLICY), policyConstraints(0), inhibitAnyPolicy(0)],
    leaf: [policies(ANY_POLICY)],
  }),
  'any policy that is inhibited, of a CA that renewed itself': inhibitedAbove('middle'),
  'any policy that is inhibited, of another CA': inhibitedAbove('two'),
  'a policy by another name': withMore({
    middle: [policies(POLICY), policyConstraints(0), policyMappings([POLICY, OTHER_POLICY])],
    leaf: [policies(OTHER_POLICY)],
  }),
  'a policy by its old name': withMore({
    middle: [policies(POLICY), policyConstraints(0), policyMappings([POLICY, OTHER_POLICY])],
    leaf: [policies(POLICY)],
  }),
  'a mapping of any policy': withMore({
    middle: [policies(POLICY), policyMappings([ANY_POLICY, POLICY])],
  }),
  'a mapping of any policy, without policies': withMore({
    middle: [policyMappings([ANY_POLICY, POLICY])],
  }),
  'policies twice': withMore({ leaf: [policies(POLICY, POLICY)] }),
  'malformed policies': withMore({
    leaf: [extension('2.5.29.32', sequence(objectIdentifier(POLICY)))],
  }),
};

/** Any policy of a CA below one that inhibits it. */
function inhibitedAbove(subject: string): ChainDraft {
  const rules = [policies(POLICY), policyConstraints(0), inhibitAnyPolicy(0)];
  const one = middle({ extensions: [...caExtensions, ...rules] });
  const extensions = [...caExtensions, policies(ANY_POLICY)];
  const two = middle({ subject: commonName(subject), key: 'p-384', extensions }, one);
  const end = leaf({ extensions: [...leafExtensions, policies(POLICY)] }, two);
  return { roots: [caWith(policies(POLICY))], sent: [end, two, one] };
}
