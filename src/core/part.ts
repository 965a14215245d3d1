/** One of several parts of a run, each done by a process of its own: `--shard 2/4`. */
export interface Part {
  /** From 1 on. */
  readonly index: number;
  readonly count: number;
}

export const WHOLE: Part = { index: 1, count: 1 };

/** e.g. `2/4` */
export const partText = ({ index, count }: Part): string => `${index}/${count}`;
