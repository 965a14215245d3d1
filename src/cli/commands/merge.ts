/** `bpf-oracle merge <json>...` */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { Targets } from '../targets.ts';

export function addMerge(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('merge')
    .description('join the JSON reports of all parts of a run (--shard i/n), as one run would have made it')
    .argument('<json...>', 'what --reporter json wrote for each part');
  targets.addOptions(command);
  command.action(async (files: string[]) => {
    targets.check();
    const { mergeFiles } = await import('../merge.ts');
    await mergeFiles(files, targets, context);
  });
}
