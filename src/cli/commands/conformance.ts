/** `bpf-oracle conformance <dir>` */
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { OracleError } from '../../core/errors.ts';
import { BLINDING, JIT_SWITCHES } from '../../core/jit-switches.ts';
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
  positiveInteger,
} from '../options.ts';
import { listDirectory } from '../read-file.ts';
import { addShardOption, type ShardOptions } from '../shard-option.ts';
import { Targets } from '../targets.ts';

interface PluginOptions {
  readonly plugin?: string;
  readonly pluginOptions?: string;
  readonly pluginTimeout: number;
  readonly workers?: number;
}

type ConformanceOptions = JudgeOptions & ExpectOptions & ShardOptions & PluginOptions;

/** What is about a JIT and engines of ours, and so about no plugin. */
const NOT_OF_PLUGINS = [
  'jit',
  ...JIT_SWITCHES.map(({ name }) => name),
  BLINDING,
  'lint',
  'engine',
  'reference',
];
/** A plugin may be a language runtime that starts in a second, on a machine that is busy. */
const PLUGIN_SECONDS = 30;

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
  addPluginOptions(command);
  targets.addOptions(command);
  command.action((dir: string, options: ConformanceOptions) => {
    if (options.plugin !== undefined) refuseWithPlugin(command);
    return conformance(dir, options, targets, context);
  });
}

function addPluginOptions(command: Command): void {
  command
    .option(
      '--plugin <command>',
      'judge a plugin of bpf_conformance: "COMMAND [memory] OPTIONS", a process a test',
    )
    .option('--plugin-options <words>', 'words that the plugin gets after the memory')
    .addOption(
      new Option('--plugin-timeout <seconds>', 'how long a plugin may take over a test')
        .argParser(positiveInteger)
        .default(PLUGIN_SECONDS),
    )
    .addOption(
      new Option('--workers <n>', 'plugins at once (default: one a core)').argParser(positiveInteger),
    );
}

function refuseWithPlugin(command: Command): void {
  const odd = NOT_OF_PLUGINS.find((name) => command.getOptionValueSource(name) === 'cli');
  if (odd === undefined) return;
  const why =
    'says how a program is compiled and run here, which a plugin does itself; leave one of them out';
  throw new OracleError('usage', { what: 'usage', where: `--plugin with --${odd}`, why });
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
  const { conclude } = await import('../conclude.ts');
  const question = { command: 'conformance', targets, files, operands: [dir], options } as const;
  const { plugin: called, pluginOptions = '', pluginTimeout } = options;
  if (called !== undefined) {
    const { judgeByPlugin } = await import('../judge-plugin.ts');
    const words = pluginOptions.split(' ').filter((word) => word !== '');
    const plugin = { command: called, options: words, deadline: 1000 * pluginTimeout };
    await conclude(question, (part) => judgeByPlugin(part, plugin, options, context), context);
    return;
  }
  const { prepareEngines } = await import('../../emu/engines.ts');
  await prepareEngines(options.engine);
  const { judgeFiles } = await import('../judge.ts');
  await conclude(question, (part, explainer) => judgeFiles(part, options, explainer, context), context);
}
