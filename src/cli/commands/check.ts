/** `bpf-oracle check <file>...` */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { JudgeOptions } from '../judge.ts';
import {
  addEngineOption,
  addExpectOption,
  addInputOptions,
  addJitOptions,
  addReadOptions,
  type ExpectOptions,
} from '../options.ts';
import { Targets } from '../targets.ts';

export function addCheck(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('check')
    .description('run each program on the reference interpreter and, compiled, in an engine; compare')
    .argument('<file...>', 'clang .o, raw .bin, .hex, .s or .asm, pasted objdump, bpf_conformance .data');
  addReadOptions(command);
  addInputOptions(command);
  addJitOptions(command);
  addEngineOption(command);
  addExpectOption(command);
  targets.addOptions(command);
  command.action((files: string[], options: JudgeOptions & ExpectOptions) =>
    check(files, options, targets, context),
  );
}

async function check(
  files: readonly string[],
  options: JudgeOptions & ExpectOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const { judgeFiles } = await import('../judge.ts');
  const { conclude } = await import('../conclude.ts');
  const judge = () => judgeFiles(files, options, context);
  await conclude(judge, options, { targets, command: 'check' }, context);
}
