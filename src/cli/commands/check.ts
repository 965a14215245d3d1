/** `bpf-oracle check <file>...` */
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import type { JudgeOptions } from '../judge.ts';
import {
  addEngineOption,
  addExpectOption,
  addInputOptions,
  addJitOptions,
  addLintOption,
  addReadOptions,
  type ExpectOptions,
} from '../options.ts';
import { addShardOption, type ShardOptions } from '../shard-option.ts';
import { Targets } from '../targets.ts';

type CheckCommandOptions = JudgeOptions & ExpectOptions & ShardOptions;

export function addCheck(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('check')
    .description('run each program on the reference interpreter and, compiled, in an engine; compare')
    .argument('<file...>', 'clang .o, raw .bin, .hex, .s or .asm, pasted objdump, bpf_conformance .data');
  addReadOptions(command);
  addInputOptions(command);
  addJitOptions(command);
  addLintOption(command);
  addEngineOption(command);
  addExpectOption(command);
  addShardOption(command);
  targets.addOptions(command);
  command.action((files: string[], options: CheckCommandOptions) => check(files, options, targets, context));
}

async function check(
  files: readonly string[],
  options: CheckCommandOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const { prepareEngines } = await import('../../emu/engines.ts');
  await prepareEngines(options.engine);
  const { judgeFiles } = await import('../judge.ts');
  const { conclude } = await import('../conclude.ts');
  const question = { command: 'check', targets, files, operands: files, options } as const;
  await conclude(question, (part, explainer) => judgeFiles(part, options, explainer, context), context);
}
