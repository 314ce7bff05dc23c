/** Fails if this Node is older than the floor: the image must not be built with one that has known weaknesses. */
import { NODE_FLOOR, reachesFloor } from './node-floor.ts';

const { node } = process.versions;
if (!reachesFloor(node)) {
  process.stderr.write(
    `Node ${node} has known weaknesses, expected ${NODE_FLOOR} or newer: build on a base image that has it\n`,
  );
  process.exitCode = 1;
}
