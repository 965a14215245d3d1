/** `bpf-oracle replay <case>...` */
import type { Command } from 'commander';
import type { Outcomes } from '../conclude.ts';
import type { Context } from '../context.ts';
import type { Explainer } from '../explainer.ts';
import { tellNoCases } from '../failure.ts';
import {
  addEngineOption,
  addExpectOption,
  addJitOptions,
  addLintOption,
  type ExpectOptions,
  type LintChoice,
  type Setup,
} from '../options.ts';
import { addShardOption, type PartOfFiles, type ShardOptions } from '../shard-option.ts';
import { Targets } from '../targets.ts';

type ReplayOptions = Setup & LintChoice & ExpectOptions & ShardOptions;

export function addReplay(program: Command, context: Context): void {
  const targets = new Targets();
  const command = program
    .command('replay')
    .description('run saved cases again, each in a fresh engine; of how the JIT was set up, the file decides')
    .argument('<case...>', '.data files that fuzz saved, or folders of them');
  addJitOptions(command);
  addLintOption(command);
  addEngineOption(command);
  addExpectOption(command);
  addShardOption(command);
  targets.addOptions(command);
  command.action((paths: string[], options: ReplayOptions) => replay(paths, options, targets, context));
}

async function replay(
  paths: readonly string[],
  options: ReplayOptions,
  targets: Targets,
  context: Context,
): Promise<void> {
  targets.check();
  const { prepareEngines } = await import('../../emu/engines.ts');
  await prepareEngines(options.engine);
  const { caseFiles, replayCases } = await import('../replay-cases.ts');
  const { conclude } = await import('../conclude.ts');
  const files = paths.flatMap(caseFiles);
  if (files.length === 0) tellNoCases('replay', paths.join(' '), context.io);
  const judge = ({ paths: mine }: PartOfFiles, explainer: Explainer): Outcomes => {
    const { cases, exitCode } = replayCases(mine, options, explainer, context);
    const explained = cases.map((replayed) => replayed.explained);
    return { results: cases.map(({ result }) => result), explained, exitCode };
  };
  await conclude({ command: 'replay', targets, files, operands: paths, options }, judge, context);
}
