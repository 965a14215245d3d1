/** `bpf-oracle conformance <dir>` */
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { tellNoCases } from '../failure.ts';
import type { JudgeOptions } from '../judge.ts';
import {
  addEngineOption,
  addExpectOption,
  addInputOptions,
  addJitOptions,
  addLintOption,
  type ExpectOptions,
} from '../options.ts';
import { listDirectory } from '../read-file.ts';
import { addShardOption, type ShardOptions } from '../shard-option.ts';
import { Targets } from '../targets.ts';

type ConformanceOptions = JudgeOptions & ExpectOptions & ShardOptions;

export function addConformance(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('conformance')
    .description(
      "run a folder of bpf_conformance's .data files: interpreter, JIT and stated result must agree",
    )
    .argument('<dir>', 'folder of .data files; folders in it are not entered');
  addInputOptions(command);
  addJitOptions(command);
  addLintOption(command);
  addEngineOption(command);
  addExpectOption(command);
  addShardOption(command);
  targets.addOptions(command);
  command.action((dir: string, options: ConformanceOptions) => conformance(dir, options, targets, context));
}

async function conformance(
  dir: string,
  options: ConformanceOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const names = listDirectory(dir).filter((name) => name.endsWith('.data'));
  const files = names.map((name) => join(dir, name));
  if (files.length === 0) tellNoCases('conformance', dir, context.io);
  const { judgeFiles } = await import('../judge.ts');
  const { conclude } = await import('../conclude.ts');
  const question = { command: 'conformance', targets, files, options } as const;
  await conclude(question, (part) => judgeFiles(part, options, context), context);
}
