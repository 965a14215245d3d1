/** Lanes of generated cases, by name: `fuzz --lane`. */

/** Each has a generator of its own (fuzz/lanes.ts). */
export const LANE_NAMES = [
  'valid',
  'tail-calls',
  'trampolines',
  'private-stack',
  'aggregates',
  'accesses',
  'hardened',
  'callbacks',
  'timers',
  'exceptions',
] as const;
export type LaneName = (typeof LANE_NAMES)[number];

export const isLaneName = (name: string): name is LaneName =>
  (LANE_NAMES as readonly string[]).includes(name);
