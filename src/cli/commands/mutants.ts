/** `bpf-oracle mutants` */
import { type Command, Option } from 'commander';
import type { Context } from '../context.ts';
import type { MutantsOptions } from '../mutants.ts';
import { naturalNumber } from '../natural-number.ts';
import { positiveInteger } from '../options.ts';
import { Targets } from '../targets.ts';

export function addMutants(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('mutants')
    .description(
      'the kill matrix: which deliberately broken JITs the oracle catches, how fast, and where it points',
    )
    .addOption(
      new Option('--mutant <name>', 'only this one, repeatable').argParser(
        (name, before: readonly string[] | undefined) => [...(before ?? []), name],
      ),
    )
    .addOption(new Option('--seed <n>', 'the first seed').argParser(naturalNumber).default(1))
    .addOption(number('--seeds <n>', 'seeds to try, from the first on').default(3))
    .addOption(number('--runs <n>', 'cases of a seed a mutant may live through').default(4000))
    .addOption(
      new Option(
        '--control <n>',
        'cases of each seed on the JIT as it is (default: ten times --runs; none with --mutant)',
      ).argParser(naturalNumber),
    )
    .option('--conformance <dir>', "also try bpf_conformance's .data files in this folder")
    .addOption(number('--workers <n>', 'processes, each with engines of its own (default: one a core)'))
    .option('--markdown <file>', 'put the matrix into this document, in the place of the one before');
  targets.addOptions(command);
  command.action(async (options: MutantsOptions) => {
    targets.check();
    const { mutants } = await import('../mutants.ts');
    await mutants(options, targets, context);
  });
}

const number = (flags: string, words: string): Option => new Option(flags, words).argParser(positiveInteger);
