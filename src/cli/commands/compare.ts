/** `bpf-oracle compare [file...]` */
import { type Command, Option } from 'commander';
import type { CompareOptions } from '../compare.ts';
import type { Context } from '../context.ts';
import { naturalNumber } from '../natural-number.ts';
import {
  addEngineOption,
  addInputOptions,
  addReadOptions,
  addSetupOptions,
  jitNames,
  positiveInteger,
} from '../options.ts';

export function addCompare(program: Command, context: Context): void {
  const command = program
    .command('compare')
    .description(
      'several JITs on several engines, on the same cases: who stands alone, on what class of input',
    )
    .argument('[file...]', 'as for check; without any, programs are generated')
    .addOption(
      new Option('--jit <names>', 'JITs, as for check: names with commas between them, repeatable')
        .argParser((text, before: readonly string[] | undefined) => jitNames(text, before))
        .default(undefined, 'builtin'),
    );
  addReadOptions(command);
  addInputOptions(command);
  addSetupOptions(command);
  addEngineOption(command);
  command
    .addOption(new Option('--runs <n>', 'programs to generate').argParser(positiveInteger).default(1000))
    .addOption(new Option('--seed <n>', 'which programs (default: at random)').argParser(naturalNumber))
    .addOption(new Option('--reporter <name>', 'how to write it').choices(['text', 'json']).default('text'));
  command.action(
    async (files: string[], options: Omit<CompareOptions, 'jit'> & { jit?: readonly string[] }) => {
      const { compare } = await import('../compare.ts');
      await compare(files, { ...options, jit: options.jit ?? ['builtin'] }, context);
    },
  );
}
