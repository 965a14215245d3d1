/** `bpf-oracle conformance <dir>` */
import { join } from 'node:path';
import type { Command } from 'commander';
import { badInput } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import type { JudgeOptions } from '../judge.ts';
import { addEngineOption, addInputOptions, addJitOptions } from '../options.ts';
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
  targets.addOptions(command);
  command.action((dir: string, options: JudgeOptions) => conformance(dir, options, targets, context));
}

async function conformance(
  dir: string,
  options: JudgeOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const files = listDirectory(dir).filter((name) => name.endsWith('.data'));
  if (files.length === 0)
    throw badInput('conformance', dir, 'holds no .data files; name the folder that does');
  const { judgeFiles } = await import('../judge.ts');
  const paths = files.map((name) => join(dir, name));
  const { results, exitCode } = judgeFiles(paths, options, context);
  await targets.write(results, context.io, { summary: 'conformance' });
  context.exitCode = exitCode;
}
