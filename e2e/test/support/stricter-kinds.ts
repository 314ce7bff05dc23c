import {
  caExtensions,
  below,
  type ChainDraft,
  leafNamed,
  NAME,
  root,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import {
  address,
  dnsName,
  email,
  nameConstraints,
  uri,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';

function constrained(...constraints: Parameters<typeof nameConstraints>): ReturnType<typeof root> {
  return root({ extensions: [...caExtensions, nameConstraints(...constraints)] });
}

/** Chains that Go accepts and we refuse, each with its reason in the decision. */
export const STRICTER_KINDS: Readonly<Record<string, ChainDraft>> = {
  'a served RSA key below 2048 bits': below(root(), { key: 'rsa-1024' }),
  'a URI with an IPv6 address': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('https://[::1]/')),
  }),
  'a URI with characters of no URI': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('https://example.com/{a}')),
  }),
  'a mailbox in quotes': below(constrained({ permitted: [email('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('"a b"@example.com')),
  }),
  'an IP range with bits behind its mask': below(constrained({ permitted: [address(10, 1, 2, 3, 255, 0, 0, 0)] }), {
    extensions: leafNamed(dnsName(NAME), address(10, 1, 2, 4)),
  }),
};
