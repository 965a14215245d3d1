/** `bpf-oracle bench` */
import { type Command, Option } from 'commander';
import type { BenchOptions } from '../bench.ts';
import type { Context } from '../context.ts';
import { naturalNumber } from '../natural-number.ts';
import { positiveInteger } from '../options.ts';

export function addBench(program: Command, context: Context): void {
  program
    .command('bench')
    .description(
      'what a case costs, stage by stage, beside bare Unicorn and other peers, and against its goals',
    )
    .addOption(new Option('--rounds <n>', 'timed rounds of everything').argParser(positiveInteger).default(9))
    .addOption(new Option('--cases <n>', 'cases of a round').argParser(positiveInteger).default(320))
    .addOption(
      new Option(
        '--runs <n>',
        'cases a worker in each whole fuzz of all lanes; twice as many of lane valid alone; 0: none',
      )
        .argParser(naturalNumber)
        .default(8000),
    )
    .addOption(
      new Option('--reporter <name>', 'how to write it').choices(['text', 'json', 'html']).default('text'),
    )
    .option('--markdown <file>', 'also put the figures into this document, in the place of those before')
    .action(async (options: BenchOptions) => {
      const { bench } = await import('../bench.ts');
      await bench(options, context);
    });
}
