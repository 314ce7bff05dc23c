import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What our image installs from Alpine, and nothing else. */
const APK_ADD = /^apk add --no-cache (?:ca-certificates-bundle )?'nodejs=~(\d+)'(?: npm)?$/;

/**
 * Whether a shell command is Alpine's package manager, which cannot be had here: no package registry has
 * an Alpine. The Node that runs the tests stands for the one it would install.
 *
 * @throws if it would install something else, or a Node of another major version
 */
export function installsNode(command: string): boolean {
  if (!command.includes('apk ')) return false;
  const [, major] = APK_ADD.exec(command) ?? [];
  if (major === undefined) throw new Error(`nothing here stands for: ${command}`);
  const ours = process.versions.node;
  if (ours.split('.')[0] !== major) throw new Error(`Node ${ours} does not stand for ${major}`);
  return true;
}

/** Puts our Node where Alpine's is, with the libraries that it loads, and nothing else: no shell. */
export async function installNode(root: string): Promise<void> {
  await copyFile(process.execPath, join(root, 'usr/bin/node'));
  for (const library of await librariesOfNode()) await copyFile(library, join(root, library));
}

async function copyFile(source: string, destination: string): Promise<void> {
  await mkdir(dirname(destination), { recursive: true });
  await cp(source, destination, { dereference: true });
}

/** The loader among them. The kernel's own (vdso) has no path; addons of the test runner are not Node's. */
async function librariesOfNode(): Promise<readonly string[]> {
  const report: { sharedObjects?: readonly string[] } = Object(process.report.getReport());
  const { sharedObjects = [] } = report;
  return sharedObjects.filter((path) => path.startsWith('/') && !path.endsWith('.node'));
}
