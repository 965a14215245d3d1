/** `bpf-oracle run <file>`; with --plugin see ../plugin.ts, which is asked before any option is parsed. */
import type { Command } from 'commander';
import { hex } from '../../core/u64.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../failure.ts';
import {
  addInputOptions,
  addReadOptions,
  addReferenceOption,
  type InputOptions,
  type ReadOptions,
  type ReferenceChoice,
} from '../options.ts';

type RunOptions = ReadOptions & InputOptions & ReferenceChoice;

export function addRun(program: Command, context: Context): void {
  const command = program
    .command('run')
    .description('run a program on the reference interpreter alone and print r0')
    .argument('<file>', 'as for check');
  addReadOptions(command);
  addInputOptions(command);
  addReferenceOption(command);
  command
    .option('--plugin', "speak bpf_conformance's plugin protocol: [memory] [--program HEX] [--elf] [--jit]")
    .action((file: string, options: RunOptions) => run(file, options, context));
}

async function run(file: string, options: RunOptions, context: Context): Promise<void> {
  const { loadFile } = await import('../load-file.ts');
  const { checkOptionsFor } = await import('../case-options.ts');
  const { toCase } = await import('../../checker.ts');
  const { interpret } = await import('../../interp/interpret.ts');
  const { stopText } = await import('../../report/words.ts');
  const loaded = loadFile(file, options);
  const { asCalled } = await import('../../oracle/native/entry.ts');
  const { program, env } = asCalled(toCase(loaded, checkOptionsFor(file, options)), null);
  const { reference = 'fast' } = options;
  const { outcome } = interpret(program, env, { reference });
  if (outcome.kind === 'exit') {
    context.io.stdout(`${hex(outcome.r0)}\n`);
    return;
  }
  context.io.stderr(
    `bpf-oracle: run: ${loaded.name}: ${stopText(outcome, env.insnLimit, { program, image: null })}\n`,
  );
  context.exitCode = outcome.kind === 'fault' ? EXIT.diverge : EXIT.nothing;
}
