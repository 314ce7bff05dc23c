import {
  below,
  deepBelow,
  leafNamed,
  NAME,
  root,
  caExtensions,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { explicit, NULL, sequence } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  address,
  alternativeNames,
  commonName,
  directoryName,
  dnsName,
  email,
  extension,
  nameConstraints,
  uri,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { type ChainKinds, constrained, withMore } from './common.ts';

/** CAs that may sign for some names only. */
export const NAME_CONSTRAINTS_KINDS: ChainKinds = {
  // Name constraints.
  'permitted: the name': below(constrained({ permitted: [dnsName(NAME)] })),
  'permitted: its domain': below(constrained({ permitted: [dnsName('apps.svc')] })),
  'permitted: its domain, in capitals': below(constrained({ permitted: [dnsName('APPS.SVC')] })),
  'permitted: its domain, with a dot before': below(constrained({ permitted: [dnsName('.apps.svc')] })),
  'permitted: the name, with a dot before': below(constrained({ permitted: [dnsName(`.${NAME}`)] })),
  'permitted: everything': below(constrained({ permitted: [dnsName('')] })),
  'permitted: part of a label': below(constrained({ permitted: [dnsName('pps.svc')] })),
  'permitted: another domain': below(constrained({ permitted: [dnsName('example.com')] })),
  'permitted: another domain, not critical': below(constrained({ permitted: [dnsName('example.com')] }, {})),
  'permitted: two domains': below(constrained({ permitted: [dnsName('example.com'), dnsName('svc')] })),
  'permitted: IP addresses alone': below(constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] })),
  'permitted: a directory name': below(constrained({ permitted: [directoryName(commonName('x'))] })),
  'permitted: a directory name, not critical': below(constrained({ permitted: [directoryName(commonName('x'))] }, {})),
  'excluded: the name': below(constrained({ excluded: [dnsName(NAME)] })),
  'excluded: its domain': below(constrained({ excluded: [dnsName('svc')] })),
  'excluded: everything': below(constrained({ excluded: [dnsName('')] })),
  'excluded: a name below it': below(constrained({ excluded: [dnsName(`x.${NAME}`)] })),
  'excluded: another domain': below(constrained({ excluded: [dnsName('example.com')] })),
  'excluded: a name beside the one that is called': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), dnsName('a.example.com')),
  }),
  'excluded: a name that a wildcard covers': below(constrained({ excluded: [dnsName('other.apps.svc')] }), {
    extensions: leafNamed(dnsName('*.apps.svc')),
  }),
  'excluded: a name deeper than a wildcard': below(constrained({ excluded: [dnsName('a.other.apps.svc')] }), {
    extensions: leafNamed(dnsName('*.apps.svc')),
  }),
  'permitted: a name that a wildcard covers': below(constrained({ permitted: [dnsName('hook.apps.svc')] }), {
    extensions: leafNamed(dnsName('*.apps.svc')),
  }),
  'permitted and excluded': below(constrained({ permitted: [dnsName('svc')], excluded: [dnsName('apps.svc')] })),
  'constraints of the intermediate': withMore({
    middle: [nameConstraints({ permitted: [dnsName('example.com')] })],
  }),
  'constraints of the leaf itself': withMore({
    leaf: [nameConstraints({ permitted: [dnsName('example.com')] })],
  }),
  'constraints on a name of the intermediate': deepBelow(constrained({ permitted: [dnsName('svc')] }), {
    extensions: [...caExtensions, alternativeNames(dnsName('example.com'))],
  }),
  'constraints of both': deepBelow(constrained({ permitted: [dnsName('svc')] }), {
    extensions: [...caExtensions, nameConstraints({ permitted: [dnsName('apps.svc')] })],
  }),
  'a name that cannot be compared': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), dnsName('a..b')),
  }),
  'a name that cannot be compared, without constraints': below(root(), {
    extensions: leafNamed(dnsName(NAME), dnsName('a..b')),
  }),
  'a name that ends in a dot': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), dnsName('x.svc.')),
  }),
  'permitted: an IP address': below(constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] }), {
    extensions: leafNamed(dnsName(NAME), address(10, 1, 2, 3)),
  }),
  'permitted: other IP addresses': below(constrained({ permitted: [address(10, 0, 0, 0, 255, 0, 0, 0)] }), {
    extensions: leafNamed(dnsName(NAME), address(11, 1, 2, 3)),
  }),
  'permitted: IPv6 addresses alone': below(
    constrained({ permitted: [address(...Array(16).fill(0), ...Array(16).fill(0))] }),
    { extensions: leafNamed(dnsName(NAME), address(11, 1, 2, 3)) },
  ),
  'excluded: an IP address': below(constrained({ excluded: [address(10, 0, 0, 0, 255, 0, 0, 0)] }), {
    extensions: leafNamed(dnsName(NAME), address(10, 1, 2, 3)),
  }),
  'an IP constraint with holes': below(constrained({ excluded: [address(10, 0, 0, 0, 255, 0, 255, 0)] })),
  'an IP constraint of another length': below(constrained({ excluded: [address(10, 0, 0, 0, 255)] })),
  'permitted: a URI': below(constrained({ permitted: [uri('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('spiffe://example.com/ns/apps')),
  }),
  'permitted: another URI': below(constrained({ permitted: [uri('.example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('spiffe://example.com/ns/apps')),
  }),
  'excluded: a URI with a port': below(constrained({ excluded: [uri('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('https://example.com:8443/x')),
  }),
  'a URI without a host under constraints': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('urn:uuid:1')),
  }),
  'a URI without a host': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('urn:uuid:1')),
  }),
  'a URI of an address under constraints': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), uri('https://10.0.0.1/')),
  }),
  'a URI constraint that is an address': below(constrained({ permitted: [uri('10.0.0.1')] })),
  'a URI that cannot be read': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('http://%zz/')),
  }),
  'a URI with a broken escape': below(root(), {
    extensions: leafNamed(dnsName(NAME), uri('https://example.com/%zz')),
  }),
  'permitted: a mailbox': below(constrained({ permitted: [email('a@example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('a@EXAMPLE.com')),
  }),
  'permitted: another mailbox': below(constrained({ permitted: [email('a@example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('A@example.com')),
  }),
  'excluded: a mailbox’s domain': below(constrained({ excluded: [email('.example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('a@x.example.com')),
  }),
  'a mailbox that cannot be read, under constraints': below(constrained({ excluded: [dnsName('example.com')] }), {
    extensions: leafNamed(dnsName(NAME), email('someone')),
  }),
  'a mailbox that cannot be read': below(root(), {
    extensions: leafNamed(dnsName(NAME), email('someone')),
  }),
  'empty name constraints': withMore({
    root: [extension('2.5.29.30', sequence(), { critical: true })],
  }),
  'name constraints that end too late': withMore({
    root: [
      extension('2.5.29.30', Buffer.concat([sequence(explicit(0, sequence(dnsName('svc')))), NULL]), {
        critical: true,
      }),
    ],
  }),
  'a DNS constraint of more than ASCII': below(constrained({ permitted: [dnsName('späti')] })),
  'a DNS constraint with an empty label': below(constrained({ excluded: [dnsName('a..b')] })),
  'a DNS constraint that ends in a dot': below(constrained({ excluded: [dnsName('example.com.')] })),
};
