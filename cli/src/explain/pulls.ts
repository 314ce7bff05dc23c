import { checkpointSecretName } from '@ecr-pull-secrets/kube/object-names.ts';
import { parseEcrHost } from '@ecr-pull-secrets/shared/ecr-host.ts';
import { fullNameOf, registryOf, withoutPort } from '@ecr-pull-secrets/shared/image-reference.ts';
import { type Finding, findingsOfStep } from './finding.ts';
import { referenceOf } from '../pull-test/manifest.ts';
import type { PullResult, Stage } from '../pull-test/pull-outcome.ts';
import type { Release } from '../cluster/release.ts';
import { shellWord } from '@ecr-pull-secrets/shared/command-line/shell-word.ts';

const { ok, problem, unknown } = findingsOfStep('pull');

const ACTIONS: Readonly<Record<Stage, string>> = {
  manifest: 'ecr:BatchGetImage',
  layer: 'ecr:GetDownloadUrlForLayer',
};

/** Where a pull was tried. */
export type PullPlace = { readonly kind: 'here' } | { readonly kind: 'pod'; readonly node: string };

export interface PullContext {
  readonly release: Release;
  readonly place: PullPlace;
}

/** What the try of a pull says about an image. */
export function pullFinding(image: string, result: PullResult, { release, place }: PullContext): Finding {
  if (result.kind === 'pulls') {
    const from = place.kind === 'pod' ? `, from a pod on the node ${place.node}` : '';
    return ok(`${image}: the secret pulls it (${result.hosts.join(', then ')})${from}`);
  }
  if (result.kind === 'untried') return unknown(`${image}: the pull was not tried: ${result.reason}`);
  if (result.kind === 'unreachable') {
    const isTls = /certificate|issuer|SSL|TLS|altname/i.test(result.reason);
    const what = isTls
      ? `the certificate of ${result.host} is not trusted ${place.kind === 'pod' ? 'by the test pod' : 'here'}`
      : `there is no connection from ${place.kind === 'pod' ? `a pod on the node ${place.node}` : 'here'} to ${result.host}`;
    return unknown(`${image}: ${what}: ${result.reason}; ${place.kind === 'pod' ? POD_NETWORK : HOST_NETWORK}`);
  }
  const quoted = result.reason === '' ? '' : ` (${result.reason})`;
  return refusal(image, result, `${image}: ${result.host} answered ${result.status}${quoted}`, release);
}

const HOST_NETWORK = 'the nodes may have another network';

/** The kubelet and the container runtime use the network, the proxy and the CAs of the node. */
const POD_NETWORK = 'a NetworkPolicy, a proxy or a CA of the node may make a difference for the kubelet';

function refusal(
  image: string,
  { stage, status, host, reason }: Extract<PullResult, { readonly kind: 'refused' }>,
  answer: string,
  release: Release,
): Finding {
  if (status === 429 || status >= 500) {
    return unknown(`${answer}: it is overloaded or disturbed; try again later`);
  }
  if (host !== registryOf(image)) {
    return problem(`${answer}: a policy of the network, such as that of an S3 endpoint, refuses the layers`);
  }
  if (status === 401 || status === 400 || /token (has expired|is invalid)/i.test(reason)) {
    const why = 'the token does not log in: it has expired, or belongs to an identity without access to this registry';
    return problem(`${answer}: ${why}`, rotateCommand(release));
  }
  if (status === 403) {
    const lacks = `the identity of the token lacks ${ACTIONS[stage]} on this repository`;
    return problem(`${answer}: ${lacks}`, awsCommand('get-repository-policy', image));
  }
  if (status === 404 && stage === 'manifest') {
    const reference = referenceOf(image);
    const id = reference.includes(':') ? `imageDigest=${reference}` : `imageTag=${reference}`;
    const command = awsCommand('describe-images', image, ` --image-ids ${shellWord(id)}`);
    return problem(`${answer}: there is no such image`, command);
  }
  return problem(`${answer}: the ${stage} cannot be read`);
}

/** As docs/operations.md has it. */
function rotateCommand({ name, namespace }: Release): string {
  const place = `--namespace ${namespace}`;
  return `kubectl delete secret ${checkpointSecretName(name)} ${place} && kubectl rollout restart deployment/${name} ${place}`;
}

/** A command about the repository of an image; `undefined` if its registry is not ECR. */
function awsCommand(verb: string, image: string, ending = ''): string | undefined {
  const registry = registryOf(image);
  const host = parseEcrHost(withoutPort(registry));
  if (!host) return undefined;
  const repository = fullNameOf(image).slice(registry.length + 1);
  const place = `--registry-id ${host.account} --region ${host.region}`;
  return `aws ecr ${verb} ${place} --repository-name ${shellWord(repository)}${ending}`;
}
