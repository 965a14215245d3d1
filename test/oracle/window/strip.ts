/** Images as JITs give them that say less and less of themselves. */
import type { Image } from '../../../src/core/image.ts';

/** Without a pc map. */
export const withoutMap = ({ pcMap: _, ...image }: Image): Image => image;

/** Code and entries, and where registers and arguments are. */
export function minimal({ callSites: _, frames: __, ...image }: Image): Image {
  return withoutMap(image);
}

/** Code and entries alone. */
export function bare({ regs: _, ...image }: Image): Image {
  return minimal({ ...image, args: { bpf: [], native: image.args.native } });
}
