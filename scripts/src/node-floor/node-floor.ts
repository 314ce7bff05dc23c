/** The first Node that has the fixes of the security release of 2026-10-21: four weaknesses of severity High. */
export const NODE_FLOOR = '24.22.1';

/** Whether a version of Node is the floor or newer. */
export function reachesFloor(version: string): boolean {
  return version.localeCompare(NODE_FLOOR, 'en', { numeric: true }) >= 0;
}
