/** `bpf-oracle check <file>...` */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { JudgeOptions } from '../judge.ts';
import { addEngineOption, addInputOptions, addJitOptions, addReadOptions } from '../options.ts';
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
  targets.addOptions(command);
  command.action((files: string[], options: JudgeOptions) => check(files, options, targets, context));
}

async function check(
  files: readonly string[],
  options: JudgeOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const { judgeFiles } = await import('../judge.ts');
  const { results, exitCode } = judgeFiles(files, options, context);
  await targets.write(results, context.io, { summary: 'verdicts' });
  context.exitCode = exitCode;
}
