import {
  below,
  deepBelow,
  EXPIRED,
  leafExtensions,
  leafNamed,
  NAME,
  root,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { element, printable, sequence, set, utf8 } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  address,
  attribute,
  commonName,
  directoryName,
  dnsName,
  extension,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { type ChainKinds } from './common.ts';

/** The name that is called, serial numbers, dates, and names of CAs. */
export const NAMES_KINDS: ChainKinds = {
  // The name that is called.
  'another name': below(root(), { extensions: leafNamed(dnsName('other.apps.svc')) }),
  'the name in capitals': below(root(), { extensions: leafNamed(dnsName('HOOK.Apps.svc')) }),
  'the name with a dot behind': below(root(), { extensions: leafNamed(dnsName(`${NAME}.`)) }),
  'a wildcard': below(root(), { extensions: leafNamed(dnsName('*.apps.svc')) }),
  'a wildcard of two labels': below(root(), { extensions: leafNamed(dnsName('*.svc')) }),
  'a wildcard within a label': below(root(), { extensions: leafNamed(dnsName('ho*.apps.svc')) }),
  'a wildcard in the middle': below(root(), { extensions: leafNamed(dnsName('hook.*.svc')) }),
  'a wildcard alone': below(root(), { extensions: leafNamed(dnsName('*')) }),
  'the common name alone': below(root(), {
    subject: commonName(NAME),
    extensions: leafExtensions.slice(0, 3),
  }),
  'the common name beside other names': below(root(), {
    subject: commonName(NAME),
    extensions: leafNamed(dnsName('other')),
  }),
  'an IP address alone': below(root(), { extensions: leafNamed(address(10, 0, 0, 1)) }),
  'an IP address of three octets': below(root(), {
    extensions: leafNamed(dnsName(NAME), address(10, 0, 0)),
  }),
  'a name of more than ASCII': below(root(), {
    extensions: leafNamed(dnsName(NAME), dnsName('späti')),
  }),
  'names of no kind that counts, critical': below(root(), {
    extensions: [extension('2.5.29.17', sequence(directoryName(commonName('x'))), { critical: true })],
  }),
  'an empty name': below(root(), { extensions: leafNamed(dnsName(''), dnsName(NAME)) }),

  // Numbers, dates, names.
  'a negative serial number': below(root(), { serialNumber: -4 }),
  'a negative serial number of the root': below(root({ serialNumber: -4 })),
  'a negative serial number of the intermediate': deepBelow(root(), { serialNumber: -4 }),
  'the serial number 0': below(root(), { serialNumber: 0 }),
  'a serial number of 20 octets': below(root(), { serialNumber: 2n ** 158n }),
  'an expired leaf': below(root(), EXPIRED),
  'an expired root': below(root(EXPIRED)),
  'an expired intermediate': deepBelow(root(), EXPIRED),
  'a leaf to come': below(root(), {
    notBefore: new Date('2027-01-01'),
    notAfter: new Date('2028-01-01'),
  }),
  'a leaf beyond 2050': below(root(), { notAfter: new Date('2051-01-01') }),
  'a leaf from 1950': below(root(), { notBefore: new Date('1950-01-01') }),
  'a CA with two attributes in one set': below(
    root({
      subject: sequence(set(attribute('2.5.4.10', utf8('acme')), attribute('2.5.4.3', utf8('root')))),
    }),
  ),
  'a CA whose name is written in another way': below(root({ subject: commonName('root', printable) }), {
    issuer: commonName('root'),
  }),
  'a CA whose name differs in its capitals': below(root({ subject: commonName('Root') }), {
    issuer: commonName('root'),
  }),
  'a CA of no name': below(root({ subject: sequence() })),
  'a CA with an invalid PrintableString': below(root({ subject: commonName('späti', printable) })),
  'a CA with an asterisk and an ampersand': below(root({ subject: commonName('*&', printable) })),
  'a CA with an underscore in a PrintableString': below(root({ subject: commonName('a_b', printable) })),
  'a CA with a T61String': below(root({ subject: commonName('x', (text) => element(0x14, Buffer.from(text))) })),
  'a CA with a BMPString': below(
    root({
      subject: commonName('x', (text) => element(0x1e, Buffer.from(text, 'utf16le').swap16())),
    }),
  ),
  'a CA with half a BMPString': below(root({ subject: commonName('x', () => element(0x1e, Buffer.from([0, 65, 0]))) })),
  'a CA with a surrogate in a BMPString': below(
    root({ subject: commonName('x', () => element(0x1e, Buffer.from([0xd8, 0]))) }),
  ),
  'a CA with a UniversalString': below(
    root({ subject: commonName('x', () => element(0x1c, Buffer.from([0, 0, 0, 65]))) }),
  ),
  'a CA with invalid UTF-8': below(root({ subject: commonName('x', () => element(0x0c, Buffer.from([0xff]))) })),
  'a CA with an IA5String of more than ASCII': below(
    root({ subject: commonName('x', () => element(0x16, Buffer.from([0xe4]))) }),
  ),
  'a CA with letters in a NumericString': below(
    root({ subject: commonName('x', () => element(0x12, Buffer.from('1a'))) }),
  ),
};
