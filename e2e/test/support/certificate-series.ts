import { createCa } from '@ecr-pull-secrets/certs-scripts/issue/ca.ts';
import type { PemPair } from '@ecr-pull-secrets/certs-scripts/verify/pem.ts';
import { generateRsaKeyPair } from '@ecr-pull-secrets/certs-scripts/issue/key-pair.ts';
import { createServingCertificate } from '@ecr-pull-secrets/certs-scripts/issue/serving-certificate.ts';

const HOUR_MS = 60 * 60 * 1000;

/** One CA and the moment at which all of its certificates are made. */
export interface SeriesCa {
  readonly ca: PemPair;
  readonly now: Date;
}

/** A certificate, and what it is meant to say. */
export interface SeriesCertificate {
  readonly pem: string;
  /** Which of the CAs signed it. */
  readonly signer: SeriesCa;
  readonly dnsNames: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** Certificates of one key that differ in all else: serial number, names, dates, CA. */
export interface CertificateSeries {
  readonly cas: readonly SeriesCa[];
  make(index: number): Promise<SeriesCertificate>;
}

/** Two CAs: one of today, and one whose certificates cross 2050, where X.509 changes its form of dates. */
export async function createCertificateSeries(): Promise<CertificateSeries> {
  const keyPair = await generateRsaKeyPair();
  const moments = [new Date(Math.floor(Date.now() / 1000) * 1000), new Date('2049-12-31T23:30:00Z')];
  const cas = await Promise.all(
    moments.map(async (now) => ({
      ca: await createCa({ commonName: 'test', now, keyPair }),
      now,
    })),
  );

  async function make(index: number): Promise<SeriesCertificate> {
    const signer = cas[index % cas.length];
    if (!signer) throw new Error('there is no CA');
    const { ca, now } = signer;
    // Every length that a label may have, for both.
    const serviceName = 'service-'
      .repeat(8)
      .slice(0, 1 + (index % 63))
      .replace(/-$/, 'x');
    const namespace = 'namespace-'
      .repeat(7)
      .slice(0, 1 + ((index * 5) % 63))
      .replace(/-$/, 'x');
    const extraDnsNames = Array.from({ length: index % 4 }, (_, i) => `hook-${i}.example.com`);
    const lifetimeMs = (2 + (index % 364) * 24) * HOUR_MS;
    const options = { serviceName, namespace, extraDnsNames, now, lifetimeMs, keyPair };
    const { certificatePem } = await createServingCertificate(ca, options);
    const short = `${serviceName}.${namespace}`;
    const dnsNames = [serviceName, short, `${short}.svc`, `${short}.svc.cluster.local`];
    return {
      pem: certificatePem,
      signer,
      dnsNames: [...dnsNames, ...extraDnsNames],
      notBefore: new Date(now.getTime() - HOUR_MS),
      notAfter: new Date(now.getTime() + lifetimeMs),
    };
  }

  return { cas, make };
}
