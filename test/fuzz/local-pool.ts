/** Workers of a campaign in this thread. */
import { Checker, type CheckerOptions } from '../../src/checker.ts';
import type { Pool } from '../../src/fuzz/campaign.ts';
import { Shard, type ShardOptions } from '../../src/fuzz/shard.ts';

export interface LocalPool extends Pool {
  close(): void;
}

export function localPool(
  size: number,
  options: Omit<ShardOptions, 'open'> & { readonly checker?: CheckerOptions },
): LocalPool {
  const { checker, ...rest } = options;
  const shards = Array.from({ length: size }, () => new Shard({ ...rest, open: () => new Checker(checker) }));
  const shard = (worker: number): Shard => {
    const found = shards[worker];
    if (found === undefined) throw new RangeError(`no worker ${worker}`);
    return found;
  };
  return {
    size,
    runBlock: async (worker, block) => shard(worker).runBlock(block),
    shrink: async (worker, path) => shard(worker).shrink(path),
    close: () => {
      for (const each of shards) each.close();
    },
  };
}
