import { isIP } from 'node:net';
import { wholeNumber } from '@ecr-pull-secrets/shared/configuration.ts';
import * as z from 'zod';
import { isDnsName } from '../verify/certificate-problems.ts';

export const DAY_MS = 24 * 60 * 60 * 1000;

/** Twenty years. More is a slip, or a certificate that will expire when no one remembers how to replace it. */
const MAX_DAYS = 7300;

/** RFC 5280 ub-common-name. */
const COMMON_NAME = /^[^\p{Control}]{1,64}$/u;

/** One label of a DNS name (RFC 1123), as Services and namespaces have them. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** The error of a value; rules about several options are not checked then. */
const invalid = (error: string) => ({ error, abort: true });

const label = z.string().regex(LABEL, invalid('is not a name of a-z, 0-9 and "-", 63 at most'));

const dnsName = z
  .string()
  .refine((text) => isIP(text) === 0, invalid('is an address, not a DNS name'))
  .refine(isDnsName, invalid('is not a DNS name'));

/** Options that several commands have. */
export const service = label.meta({
  description: 'The webhook’s Service: the full name of the Helm release.',
  value: 'NAME',
});

export const namespace = label.meta({ description: 'Its namespace.', value: 'NAMESPACE' });

export const extraDnsNames = z.array(dnsName).default([]).meta({
  description: 'One more name that it must serve; may be repeated.',
  value: 'NAME',
  many: true,
});

export const commonName = z.string().regex(COMMON_NAME, invalid('is not 1 to 64 printable characters'));

export const force = z.boolean().default(false).meta({ description: 'Replaces files that are there.' });

/** A folder or a file. */
export const path = z.string().min(1, invalid('is empty'));

export function days(usual: number) {
  return wholeNumber('a number of days', 1, MAX_DAYS)
    .default(usual)
    .meta({ description: `How long it is valid; the default is ${usual}.`, value: 'DAYS' });
}

/** The name that an API server verifies: apiserver/pkg/util/webhook/client.go. */
export function calledName(target: { readonly service: string; readonly namespace: string }): string {
  return `${target.service}.${target.namespace}.svc`;
}
