import type { CertificateSet } from '../verify/certificate-set.ts';
import { normalizedPem } from '../verify/pem.ts';

export interface SecretYamlOptions {
  readonly set: CertificateSet;
  /** When the set is good no longer. */
  readonly end: Date;
  /** The Secret's name. */
  readonly secret: string;
  readonly namespace: string;
  /** The MutatingWebhookConfiguration's name. */
  readonly webhook: string;
}

/**
 * A Secret with the set as YAML, and as comments what to do with it. It holds the private key. What
 * lies in `ca.crt` goes into the Secret to the byte, unless API servers would not read it.
 *
 * It names no type: that cannot be changed, and it is another one if the Secret was made by
 * `kubectl create secret generic`.
 */
export function secretYaml({ set, end, secret, namespace, webhook }: SecretYamlOptions): string {
  const caBundle = encode(normalizedPem(set.caPem));
  const patch = [{ op: 'add', path: '/webhooks/0/clientConfig/caBundle', value: caBundle }];
  return `# This holds a private key: keep it out of version control.
# Good for ${set.dnsNames.join(', ')} until ${end.toISOString()}.
#
# Apply it; without --server-side kubectl writes the key into an annotation as well:
#   ecr-pull-secrets certs yaml ... | kubectl apply --server-side --force-conflicts -f -
# Let the chart use it:
#   helm upgrade ... --set tls.mode=existing-secret --set tls.existingSecret=${secret}
# The renewer then sets caBundle by itself. By hand, if it does not run:
#   kubectl patch mutatingwebhookconfiguration ${webhook} --type=json -p '${JSON.stringify(patch)}'
apiVersion: v1
kind: Secret
metadata:
  name: ${JSON.stringify(secret)}
  namespace: ${JSON.stringify(namespace)}
data:
  tls.crt: ${encode(normalizedPem(set.certificatePem))}
  tls.key: ${encode(set.privateKeyPem)}
  ca.crt: ${caBundle}
`;
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
