import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Container, Pod } from '../api/objects.ts';
import type { PodPlace } from '../environment/downward-api.ts';
import { buildVariables, type NamespaceObjects } from '../environment/environment.ts';
import { expandVariables } from '../environment/expansion.ts';
import { createPathMapper, type PathMapper } from '../environment/path-mapper.ts';
import { type Image, type Images, findImage } from '../images.ts';
import type { ProcessSpecification } from './container-process.ts';

/** What container runtimes set if the image sets none. Nothing comes from our own environment. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface SpecificationInput {
  readonly pod: Pod;
  readonly container: Container;
  readonly images: Images;
  readonly place: PodPlace;
  /** The address at which the container is to listen. */
  readonly loopback: string;
  readonly objects: NamespaceObjects;
  readonly serviceVariables: Readonly<Record<string, string>>;
  /** The folder that stands for a volume. */
  readonly volumeFolder: (name: string) => string;
  /** The folder in which the container starts by default. */
  readonly rootFolder: string;
  readonly logPath: string;
}

/**
 * What the container's specification comes to on this machine. Three things are mapped, no more: the
 * image is a command, `HOST` is the pod's loopback address, mount paths are folders.
 *
 * @throws if the image is unknown or something that the environment names is missing
 */
export async function specifyProcess(input: SpecificationInput): Promise<ProcessSpecification> {
  const { pod, container, rootFolder } = input;
  const image = findImage(input.images, container.image);
  if (!image) throw new Error(`this node has no image ${container.image}`);
  const variables = await buildVariables(input);
  const toFolders = createPathMapper(
    (container.volumeMounts ?? []).map(({ name, mountPath }) => ({
      mountPath,
      folder: input.volumeFolder(name),
    })),
  );
  const mapped = Object.entries(variables).map(([name, value]) => [name, toFolders(value)]);
  const workingDirectory = workingDirectoryOf(container, toFolders, rootFolder);
  await mkdir(workingDirectory, { recursive: true });
  return {
    command: commandOf(container, image).map((word) => toFolders(expandVariables(word, (name) => variables[name]))),
    environment: {
      PATH: DEFAULT_PATH,
      HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
      ...image.environment,
      ...Object.fromEntries(mapped),
      HOST: input.loopback,
    },
    workingDirectory,
    logPath: input.logPath,
  };
}

/** `command` replaces the entrypoint, `args` come after either. */
function commandOf({ command, args = [] }: Container, { entrypoint }: Image): readonly string[] {
  return [...(command?.length ? command : entrypoint), ...args];
}

/** A folder of a volume, or else one inside the container's own, made if it is missing. */
function workingDirectoryOf({ workingDir = '/' }: Container, toFolders: PathMapper, rootFolder: string): string {
  const mapped = toFolders(workingDir);
  return mapped === workingDir ? join(rootFolder, workingDir) : mapped;
}
