/** `bpf-oracle explain <case or file>` */
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import type { ExplainOptions } from '../explain.ts';
import {
  addEngineOption,
  addInputOptions,
  addJitOptions,
  addLintOption,
  addReadOptions,
  positiveInteger,
} from '../options.ts';

export function addExplain(program: Command, context: Context): void {
  const command = program
    .command('explain')
    .description('point at the instruction that makes both sides differ, with registers and the stack frame')
    .argument('<file>', 'a saved case, or a file as for check');
  addReadOptions(command);
  addInputOptions(command);
  addJitOptions(command);
  addLintOption(command);
  addEngineOption(command);
  command
    .addOption(
      new Option('--syntax <name>', 'how native code is written').choices(['att', 'intel']).default('att'),
    )
    .addOption(
      new Option('--reporter <name>', 'how to write it').choices(['text', 'json', 'html']).default('text'),
    )
    .option('--output <file>', 'where to write it (default: standard output)')
    .addOption(
      new Option(
        '--steps <n>',
        'with json and html: the most instructions before the difference that are recorded',
      )
        .argParser(positiveInteger)
        .default(10_000),
    )
    .action(async (file: string, options: ExplainOptions) => {
      const { prepareEngines } = await import('../../emu/engines.ts');
      await prepareEngines(options.engine);
      const { explain } = await import('../explain.ts');
      explain(file, options, context);
    });
}
