/** `bpf-oracle replay <case>...` */
import type { Command } from 'commander';
import { badInput } from '../../core/errors.ts';
import type { Context } from '../context.ts';
import { EXIT, type ExitCode, worst } from '../failure.ts';
import { addEngineOption, addJitOptions, type JitChoice } from '../options.ts';
import { Targets } from '../targets.ts';

export function addReplay(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('replay')
    .description('run saved cases again, each in a fresh engine; of how the JIT was set up, the file decides')
    .argument('<case...>', '.data files that fuzz saved, or folders of them');
  addJitOptions(command);
  addEngineOption(command);
  targets.addOptions(command);
  command.action((paths: string[], options: JitChoice) => replay(paths, options, targets, context));
}

async function replay(
  paths: readonly string[],
  options: JitChoice,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const { caseFiles, replayCases } = await import('../replay-cases.ts');
  const { summarise } = await import('../../oracle/case.ts');
  const files = paths.flatMap(caseFiles);
  if (files.length === 0)
    throw badInput('replay', paths.join(' '), 'holds no .data files; name the folder that does');
  const { cases, exitCode } = replayCases(files, options, context);
  const results = cases.map(({ result }) => result);
  await targets.write(results, context.io, { summary: 'verdicts' });
  const { agree, diverge } = summarise(results);
  const verdict: ExitCode = diverge > 0 ? EXIT.diverge : agree === 0 ? EXIT.nothing : EXIT.ok;
  context.exitCode = worst([exitCode, verdict]);
}
