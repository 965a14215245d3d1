/** `bpf-oracle cost [file]` */
import { type Command, Option } from 'commander';
import { CONVENTION_NAMES } from '../../bpf/calling.ts';
import { OracleError } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import type { CostOptions } from '../cost.ts';
import { addInputOptions, addReadOptions } from '../options.ts';

export function addCost(program: Command, context: Context): void {
  const command = program
    .command('cost')
    .description('what stack arguments cost under each convention, per argument, call and frame, beside gcc')
    .argument('[file]', 'as for check (default: a table of calls with 5 to 12 arguments)');
  addReadOptions(command);
  addInputOptions(command);
  command
    .addOption(
      new Option('--convention <name>', "the form the file's stack arguments have").choices(CONVENTION_NAMES),
    )
    .option('--frames', 'of a file: draw its frames, too')
    .addOption(new Option('--reporter <name>', 'how to write it').choices(['text', 'json']).default('text'))
    .option('--output <file>', 'where to write it (default: standard output)')
    .option(
      '--markdown <file>',
      'without a file: put the table into this document, in the place of the one before',
    )
    .action(async (file: string | undefined, options: CostOptions) => {
      if (file !== undefined && options.markdown !== undefined)
        throw new OracleError('usage', {
          what: 'usage',
          where: '--markdown',
          why: 'it takes the built-in table; leave out the program',
        });
      const { cost } = await import('../cost.ts');
      cost(file, options, context);
    });
}
