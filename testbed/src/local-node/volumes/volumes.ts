import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Volume } from '../api/objects.ts';
import { writeAtomically } from './atomic-writer.ts';
import { collectFiles, type VolumeContext } from './projected-files.ts';

/** The pod's volumes as folders. */
export interface Volumes {
  /** The folder of a volume. */
  readonly folder: (name: string) => string;
  /**
   * Writes what changed since, or everything at first. Calls must not overlap.
   *
   * @throws if something that is not optional is missing; the volumes before it are written
   */
  write(): Promise<void>;
}

/** @param directory - where the volumes' folders are made */
export function createVolumes(directory: string, context: VolumeContext): Volumes {
  const folder = (name: string): string => join(directory, name);
  return {
    folder,
    write: async () => {
      for (const volume of context.pod().spec.volumes ?? []) {
        await writeVolume(volume, folder(volume.name), context);
      }
    },
  };
}

async function writeVolume(volume: Volume, folder: string, context: VolumeContext): Promise<void> {
  if (volume.emptyDir) {
    await mkdir(folder, { recursive: true });
    return;
  }
  try {
    const files = await collectFiles(volume, context);
    await mkdir(folder, { recursive: true });
    await writeAtomically(folder, files);
  } catch (error) {
    throw new Error(`MountVolume.SetUp failed for volume "${volume.name}"`, { cause: error });
  }
}
