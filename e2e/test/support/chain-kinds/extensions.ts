import {
  below,
  CLIENT_AUTH,
  leafExtensions,
  root,
  SERVER_AUTH,
} from '@ecr-pull-secrets/certs-scripts/testing/chain-drafts.ts';
import { element, explicit, integer, NULL, sequence } from '@ecr-pull-secrets/certs-scripts/testing/der-writer.ts';
import {
  dnsName,
  extendedKeyUsage,
  extension,
  keyIdOf,
} from '@ecr-pull-secrets/certs-scripts/testing/made-certificate.ts';
import { type ChainKinds, withMore } from './common.ts';

const UNKNOWN_OID = '1.3.6.1.4.1.55555.1';
const raw = extension(UNKNOWN_OID, NULL);
const rawCritical = extension(UNKNOWN_OID, NULL, { critical: true });

/** Critical, malformed and repeated extensions, and what a key may be used for. */
export const EXTENSIONS_KINDS: ChainKinds = {
  // Critical extensions.
  'an unknown critical extension in the leaf': withMore({ leaf: [rawCritical] }),
  'an unknown critical extension in the intermediate': withMore({ middle: [rawCritical] }),
  'an unknown critical extension in the root': withMore({ root: [rawCritical] }),
  'an unknown extension in each': withMore({ leaf: [raw], middle: [raw], root: [raw] }),
  'an extension twice': withMore({ leaf: [Buffer.concat([raw, raw])] }),
  'an extension twice in an intermediate': withMore({ middle: [Buffer.concat([raw, raw])] }),
  'a critical subject key identifier': withMore({
    leaf: [extension('2.5.29.14', element(0x04, keyIdOf('rsa-2048')), { critical: true })],
  }),
  'a critical CA key identifier': withMore({
    leaf: [extension('2.5.29.35', sequence(), { critical: true })],
  }),
  'a critical information access': withMore({
    leaf: [extension('1.3.6.1.5.5.7.1.1', sequence(), { critical: true })],
  }),
  'a malformed information access': withMore({ leaf: [extension('1.3.6.1.5.5.7.1.1', NULL)] }),
  'malformed CRL distribution points': withMore({ root: [extension('2.5.29.31', NULL)] }),
  'critical CRL distribution points': withMore({
    root: [
      extension('2.5.29.31', sequence(sequence(explicit(0, explicit(0, element(0x86, Buffer.from('http://x/y')))))), {
        critical: true,
      }),
    ],
  }),
  'a critical issuer alternative name': withMore({
    leaf: [extension('2.5.29.18', sequence(dnsName('x')), { critical: true })],
  }),
  'a critical OCSP must-staple': withMore({
    leaf: [extension('1.3.6.1.5.5.7.1.24', sequence(integer(5)), { critical: true })],
  }),

  // Extended key usages, which nest.
  'a leaf without extended key usage': below(root(), { extensions: [leafExtensions[3] ?? NULL] }),
  'a leaf for clients': below(root(), {
    extensions: [extendedKeyUsage(CLIENT_AUTH), ...leafExtensions.slice(3)],
  }),
  'a leaf for any use': below(root(), {
    extensions: [extendedKeyUsage('2.5.29.37.0'), ...leafExtensions.slice(3)],
  }),
  'a leaf for an unknown use': below(root(), {
    extensions: [extendedKeyUsage(UNKNOWN_OID), ...leafExtensions.slice(3)],
  }),
  'a leaf for no use': below(root(), {
    extensions: [extendedKeyUsage(), ...leafExtensions.slice(3)],
  }),
  'a leaf with a malformed use': below(root(), {
    extensions: [extension('2.5.29.37', sequence(integer(1))), ...leafExtensions.slice(3)],
  }),
  'an intermediate for clients': withMore({ middle: [extendedKeyUsage(CLIENT_AUTH)] }),
  'an intermediate for servers': withMore({ middle: [extendedKeyUsage(SERVER_AUTH)] }),
  'an intermediate for an unknown use': withMore({ middle: [extendedKeyUsage(UNKNOWN_OID)] }),
  'a root for clients': withMore({ root: [extendedKeyUsage(CLIENT_AUTH)] }),
  'a root for servers and clients': withMore({
    root: [extendedKeyUsage(CLIENT_AUTH, SERVER_AUTH)],
  }),
  'a root for Netscape’s step-up': withMore({ root: [extendedKeyUsage('2.16.840.1.113730.4.1')] }),
};
