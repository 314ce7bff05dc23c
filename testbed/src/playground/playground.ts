import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKubeClient, type KubeClient } from '@ecr-pull-secrets/kube/client.ts';
import { fileCredentials } from '@ecr-pull-secrets/kube/credentials.ts';
import { describeError } from '@ecr-pull-secrets/shared/errors.ts';
import { PRODUCT_NAME } from '@ecr-pull-secrets/shared/names.ts';
import { type EcrStandIn, type EcrStandInOptions, startEcrStandIn } from '../ecr-stand-in/server.ts';
import { type ClusterOptions, type LocalCluster, startCluster } from '../local-cluster/cluster.ts';
import { requireLinux } from '../local-cluster/settings.ts';
import type { RestartBackOffOptions } from '../local-node/containers/restart-back-off.ts';
import type { Image } from '../local-node/images.ts';
import { type LocalNode, startLocalNode } from '../local-node/local-node.ts';
import { builtBundle } from './built-bundle.ts';
import { imageOfBundle } from './image-entrypoint.ts';
import { findLeaks } from './leaks.ts';
import { createKubeApi, type KubeApi, type Manifest } from './kube-api.ts';
import { type Opened, openTogether } from './opened.ts';
import { chooseServicePort, requireFreePodPorts } from './ports.ts';
import { describeUnreadyPods } from './unready-pods.ts';

/** The AWS user whose keys the chart's values hold. */
export const AWS_IDENTITY = {
  account: '123456789012',
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
} as const;

const AWS_REGION = 'us-east-1';

/** The registry that the user's tokens are good for. */
export const REGISTRY = `${AWS_IDENTITY.account}.dkr.ecr.${AWS_REGION}.amazonaws.com`;

const CHART = fileURLToPath(new URL('../../../chart', import.meta.url));

/** What stands for where images are published; the chart refers to it by its own values. */
const REPOSITORY = 'local/ecr-pull-secrets';

/**
 * The API server refuses an unknown field too, since Helm applies on the server's side. Checked by Helm first, an
 * installation costs 0.8 s of CPU in place of 0.3 s, for the schema of all kinds.
 */
const LEFT_TO_API_SERVER = ['--disable-openapi-validation'];

/** The tag of the freshly built one. */
const BUILT = 'built';

/** Another build of the product than the freshly built one. */
export interface Build {
  /** The tag of its image. */
  readonly tag: string;
  /** Path of the entry of its bundle. */
  readonly entry: string;
  /** Path of the chart that comes with it. */
  readonly chart: string;
}

export interface PlaygroundOptions extends ClusterOptions {
  /** What the stand-in for AWS has besides the user. By default its tokens live 12 h. */
  readonly ecr?: EcrStandInOptions;
  readonly restartBackOff?: RestartBackOffOptions;
  /**
   * Another name under which the node has the built image, for manifests that take no values. An image
   * of that name finds the stand-in for AWS, and a ServiceAccount's token if every pod has it.
   */
  readonly publishedAs?: string;
  /** Other builds whose images the node has. */
  readonly builds?: readonly Build[];
}

/** Everything at once: cluster, node, AWS, and the product's freshly built bundle to install. */
export interface Playground {
  readonly cluster: LocalCluster;
  readonly node: LocalNode;
  readonly ecr: EcrStandIn;
  readonly client: KubeClient;
  readonly api: KubeApi;
  /**
   * `helm upgrade --install --wait` of the chart, as a user does it.
   *
   * @param values - over the playground's own
   * @throws with what Helm said and, of each pod that is not ready, its containers' states and the ends
   *   of their logs
   */
  install(values?: Manifest, options?: InstallOptions): Promise<void>;
  /**
   * Ends everything and leaves nothing behind, whatever goes wrong meanwhile.
   *
   * @throws what went wrong, or where a token, a password or a key was found in a log, a metric or an Event
   */
  close(): Promise<void>;
}

export interface InstallOptions {
  /** Whether to return only when the pods are ready. The default is yes. */
  readonly wait?: boolean;
  /** How long to wait for that. The default is 90 s. */
  readonly withinSeconds?: number;
  /** The release. The default is the product's name. */
  readonly release?: string;
  /** Files of values; the values of the call win over them. */
  readonly files?: readonly string[];
  /** One of the playground's other builds, with its chart. The default is the freshly built one. */
  readonly build?: Build;
}

/** @throws if a port that the pods need is taken, or one of the parts cannot be started; all others are closed then */
export async function startPlayground(options: PlaygroundOptions = {}): Promise<Playground> {
  const { restartBackOff, publishedAs, builds = [] } = options;
  requireLinux(process.platform);
  // Before the binaries, which may take minutes.
  await requireFreePodPorts();
  const servicePort = await chooseServicePort();
  return openTogether(async (opened) => {
    // First, because a bundle that cannot be built fails at once.
    const entry = await builtBundle(options.environment);
    const cluster = opened.add(await startCluster(options));
    const ecr = opened.add(await startEcrStandIn({ identities: [AWS_IDENTITY], ...options.ecr }));
    const images = {
      ...Object.fromEntries(await Promise.all([...builds, { tag: BUILT, entry }].map(imageOf))),
      ...(publishedAs ? { [publishedAs]: publishedImage(await imageOfBundle(entry), ecr.endpoint) } : {}),
    };
    const node = opened.add(await startLocalNode({ cluster, images, ...(restartBackOff ? { restartBackOff } : {}) }));
    return assemble({ cluster, ecr, node, servicePort, opened });
  });
}

async function imageOf({ tag, entry }: Pick<Build, 'tag' | 'entry'>): Promise<[string, Image]> {
  return [`${REPOSITORY}:${tag}`, await imageOfBundle(entry)];
}

/** The path is one of the command's words, which the node maps; in an image's environment it would not be. */
function publishedImage(image: Image, awsEndpoint: string): Image {
  const variables = [
    `AWS_ENDPOINT_URL=${awsEndpoint}`,
    'SERVICE_ACCOUNT_DIR=/var/run/secrets/kubernetes.io/serviceaccount',
  ];
  return { ...image, entrypoint: ['/usr/bin/env', ...variables, ...image.entrypoint] };
}

interface Parts extends Pick<Playground, 'cluster' | 'ecr' | 'node'> {
  readonly servicePort: number;
  readonly opened: Opened;
}

function assemble({ cluster, ecr, node, servicePort, opened }: Parts): Playground {
  const credentials = fileCredentials(cluster.kubeconfigPath);
  const client = opened.add(createKubeClient({ credentials, userAgent: 'playground' }));
  const api = createKubeApi(client);
  const logDirectory = join(cluster.directory, node.name, 'logs');
  // Added last, it comes first: everything is there to be searched.
  opened.add({
    close: async () => {
      const leaks = await findLeaks({ api, node, ecr, logDirectory });
      if (leaks.length > 0) throw new Error(`secrets may have leaked: ${leaks.join(', ')}`);
    },
  });
  return {
    cluster,
    node,
    ecr,
    client,
    api,
    install: async (values = {}, options = {}) => {
      const { wait = true, withinSeconds = 90, release = PRODUCT_NAME } = options;
      const { tag, chart } = options.build ?? { tag: BUILT, chart: CHART };
      const ours = {
        ...valuesFor(ecr.endpoint, servicePort, tag),
        ...(await testbedValues(chart)),
      };
      const base = join(cluster.directory, 'values-base.json');
      const own = join(cluster.directory, 'values.json');
      await writeFile(base, JSON.stringify(ours), { mode: 0o600 });
      await writeFile(own, JSON.stringify(values), { mode: 0o600 });
      const place = [release, chart, '--namespace', PRODUCT_NAME, '--create-namespace'];
      const waiting = wait ? ['--wait', '--timeout', `${withinSeconds}s`] : [];
      const files = [...(options.files ?? []), base, own].flatMap((file) => ['--values', file]);
      const failure = await cluster
        .helm(['upgrade', '--install', ...place, ...waiting, ...LEFT_TO_API_SERVER, ...files])
        .then(() => undefined, describeError);
      if (failure === undefined) return;
      throw new Error(`${failure}\n${await describeUnreadyPods(api, node)}`.trimEnd());
    },
    close: opened.close,
  };
}

function valuesFor(awsEndpoint: string, servicePort: number, tag: string): Manifest {
  return {
    image: { repository: REPOSITORY, tag },
    awsRegion: AWS_REGION,
    awsAccessKeyId: AWS_IDENTITY.accessKeyId,
    awsSecretAccessKey: AWS_IDENTITY.secretAccessKey,
    service: { port: servicePort },
    // Nothing on this machine needs a long goodbye.
    webhook: { drainSeconds: 1 },
    renewer: { extraEnv: [{ name: 'AWS_ENDPOINT_URL', value: awsEndpoint }] },
  };
}

/** The chart of an older build may not have these values. */
async function testbedValues(chart: string): Promise<Manifest> {
  const defaults = await readFile(join(chart, 'values.yaml'), 'utf8');
  return {
    // The API server follows a change at once here.
    ...(/^ +trustPropagation:/m.test(defaults) ? { tls: { selfManaged: { trustPropagation: '1s' } } } : {}),
    // The tokens of the stand-in must not be tried at real registries.
    ...(/^canary:/m.test(defaults) ? { canary: false } : {}),
  };
}
