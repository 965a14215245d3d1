/** `bpf-oracle fuzz` */
import { type Command, Option } from 'commander';
import { LANE_NAMES } from '../../core/lane-names.ts';
import { EARLY_CASES, SAMPLE_RATE } from '../../fuzz/sample.ts';
import type { Context } from '../context.ts';
import type { FuzzOptions } from '../fuzz.ts';
import { naturalNumber } from '../natural-number.ts';
import { addEngineOption, addJitOptions, positiveInteger, positiveNumber } from '../options.ts';
import { addShardOption } from '../shard-option.ts';
import { Targets } from '../targets.ts';

export function addFuzz(program: Command, context: Context): void {
  const { vacuityEvery, vacuityLater } = SAMPLE_RATE;
  const targets = new Targets();
  const command = program
    .command('fuzz')
    .description('generate programs, check each, shrink what diverges, save it; saved cases run first')
    .addOption(number('--runs <n>', 'cases to run (default: 10000, or without end if --time is given)'))
    .addOption(new Option('--time <seconds>', 'end after so many seconds').argParser(positiveNumber))
    .addOption(new Option('--seed <n>', 'which cases (default: at random)').argParser(naturalNumber))
    .option('--path <path>', 'one case, as a failure names it: 12 or 12:0:3')
    .addOption(number('--workers <n>', 'processes, each with an engine of its own (default: one a core)'))
    .option('--corpus <folder>', 'where saved cases are', 'corpus')
    .addOption(number('--max-failures <n>', 'end after so many different failures (default: go on)'))
    .addOption(
      new Option(
        '--vacuity <n>',
        `of one in n cases, take each call out and see if it is missed; 0: never (default: ${vacuityEvery}, from case ${EARLY_CASES} on ${vacuityLater})`,
      ).argParser(naturalNumber),
    );
  command.addOption(
    new Option(
      '--lane <name>',
      'programs of one kind alone (default: a mix of all but hostile, which break the bytecode contract and are only reported)',
    ).choices([...LANE_NAMES, 'hostile']),
  );
  addJitOptions(command);
  addEngineOption(command);
  addShardOption(command);
  targets.addOptions(command);
  command.action(async (options: FuzzOptions) => {
    targets.check();
    const { fuzz } = await import('../fuzz.ts');
    await fuzz(options, targets, context);
  });
}

const number = (flags: string, words: string): Option => new Option(flags, words).argParser(positiveInteger);
