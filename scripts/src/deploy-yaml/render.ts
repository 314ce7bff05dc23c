import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import type { Helm } from '@ecr-pull-secrets/testbed/local-cluster/helm.ts';
import { imageRepository } from '../release-check/chart-fields.ts';

/** Where the file belongs. */
export const DEPLOY_YAML = fileURLToPath(new URL('../../../deploy.yaml', import.meta.url));

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

/** The Secret that the user makes; it holds the region too, because users do not edit the file. */
const AWS_SECRET = `${PRODUCT_NAME}-aws`;

const VALUES = ['forHelm=false', `aws.secretName=${AWS_SECRET}`, 'aws.secretKeys.region=AWS_REGION'];

/** Stands for the image's repository while the chart has no default. */
const NO_REPOSITORY = 'no-repository.invalid';

/** The API server refuses a Deployment with an empty image, so it cannot be forgotten. */
const NO_IMAGE = 'image: ""';

/** What the chart leaves to anyone who installs it. */
const NAMESPACE = `apiVersion: v1
kind: Namespace
metadata:
  name: ${PRODUCT_NAME}
  labels:
    pod-security.kubernetes.io/enforce: restricted`;

const APPLY = `#   kubectl apply -f deploy.yaml        (or: kubectl apply --server-side -f deploy.yaml)`;

const applyWithImage = (version: string): string =>
  `# The file names no image, and the API server refuses a Deployment without one ("image: Required value"). Build the image
# and push it to a registry of your own (docs/image.md), and write its address into a copy of the file:
#
#   sed 's#${NO_IMAGE}#image: "registry.example.com/${PRODUCT_NAME}:${version}"#' deploy.yaml > my-deploy.yaml
#   kubectl apply -f my-deploy.yaml        (or: kubectl apply --server-side -f my-deploy.yaml)`;

const header = (apply: string): string =>
  `# ${PRODUCT_NAME} for clusters without Helm. Made from the chart by "npm run deploy-yaml": change that, not this.
#
${apply}
#   kubectl create secret generic ${AWS_SECRET} --namespace ${PRODUCT_NAME} --from-env-file=aws.env
#   kubectl label namespace <namespace> ecr-pull-secrets.io/inject=enabled
#
# The file aws.env has a line for each of AWS_REGION=us-east-1, AWS_ACCESS_KEY_ID=... and AWS_SECRET_ACCESS_KEY=..., so
# that the keys are in no command line. Delete the file afterwards.
#
# The pods wait for that Secret. Leave the two keys out if they get an AWS identity in another way (IRSA, EKS Pod
# Identity, an instance role); for IRSA annotate the ServiceAccount below with eks.amazonaws.com/role-arn.
# Variables are read at the start: after a change of the Secret,
#   kubectl rollout restart deployment/${PRODUCT_NAME} --namespace ${PRODUCT_NAME}
#
# To remove it, the webhook first; the pull secrets stay:
#   kubectl delete mutatingwebhookconfiguration ${PRODUCT_NAME}
#   kubectl delete -f deploy.yaml --ignore-not-found`;

/** The chart as one plain file: what `kubectl apply` takes as it stands, once it names an image. */
export async function renderDeployYaml(helm: Helm): Promise<string> {
  const hasDefault = imageRepository(await readFile(`${CHART}/values.yaml`, 'utf8'));
  const values = hasDefault ? VALUES : [...VALUES, `image.repository=${NO_REPOSITORY}`];
  const place = [PRODUCT_NAME, CHART, '--namespace', PRODUCT_NAME];
  const settings = values.flatMap((value) => ['--set', value]);
  // Hooks are Helm's.
  const { stdout } = await helm(['template', ...place, '--no-hooks', ...settings]);
  const [, version = ''] = new RegExp(`image: "${NO_REPOSITORY}:(.+)"`).exec(stdout) ?? [];
  const documents = stdout
    .replaceAll(`image: "${NO_REPOSITORY}:${version}"`, NO_IMAGE)
    .split(/^---$/m)
    .map((document) => document.replace(/^# Source: .*\n/m, '').trim())
    .filter((document) => document !== '');
  return [header(version ? applyWithImage(version) : APPLY), NAMESPACE, ...documents].join('\n---\n').concat('\n');
}
