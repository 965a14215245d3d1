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
  type ExpectOptions,
} from '../options.ts';
import { listDirectory } from '../read-file.ts';
import { Targets } from '../targets.ts';

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
  addEngineOption(command);
  addExpectOption(command);
  targets.addOptions(command);
  command.action((dir: string, options: JudgeOptions & ExpectOptions) =>
    conformance(dir, options, targets, context),
  );
}

async function conformance(
  dir: string,
  options: JudgeOptions & ExpectOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const files = listDirectory(dir).filter((name) => name.endsWith('.data'));
  if (files.length === 0) tellNoCases('conformance', dir, context.io);
  const { judgeFiles } = await import('../judge.ts');
  const { conclude } = await import('../conclude.ts');
  const paths = files.map((name) => join(dir, name));
  const judge = () => judgeFiles(paths, options, context);
  await conclude(judge, options, { targets, command: 'conformance' }, context);
}
