/** Judging files by what a plugin of bpf_conformance makes of them: several at once, told in their order. */
import { availableParallelism } from 'node:os';
import { encode } from '../bpf/encode.ts';
import { toCase } from '../checker.ts';
import { OracleError } from '../core/errors.ts';
import { interpret } from '../interp/interpret.ts';
import { type CaseResult, skipped } from '../oracle/case.ts';
import { pluginVerdict } from '../oracle/plugin-verdict.ts';
import { checkOptionsFor } from './case-options.ts';
import type { Outcomes } from './conclude.ts';
import type { Context } from './context.ts';
import { type ExitCode, worst } from './failure.ts';
import { loadToJudge, unjudged } from './judge.ts';
import type { InputOptions, ReadOptions } from './options.ts';
import { askPlugin, type Plugin } from './plugin-process.ts';
import type { PartOfFiles } from './shard-option.ts';

export interface PluginOptions extends ReadOptions, InputOptions {
  /** Plugins at once. @defaultValue one a core */
  readonly workers?: number;
}

/**
 * Errors of files are told on standard error as they come; they keep no other file from being judged. Throws a
 * `usage` error if there is no such plugin.
 */
export async function judgeByPlugin(
  { paths }: PartOfFiles,
  plugin: Plugin,
  options: PluginOptions,
  context: Context,
): Promise<Outcomes> {
  const results: CaseResult[] = [];
  const codes: ExitCode[] = [];
  const left = paths.entries();
  const work = async (): Promise<void> => {
    for (const [index, path] of left) {
      try {
        results[index] = { ...(await judgeFile(path, plugin, options)), file: path };
      } catch (error) {
        // No file could be judged.
        if (error instanceof OracleError && error.kind === 'usage') throw error;
        const { result, code } = unjudged(path, error, context);
        codes.push(code);
        results[index] = result;
      }
    }
  };
  await Promise.all(Array.from({ length: options.workers ?? availableParallelism() }, work));
  return { results, explained: results.map(() => null), exitCode: worst(codes) };
}

async function judgeFile(path: string, plugin: Plugin, options: PluginOptions): Promise<CaseResult> {
  const loaded = loadToJudge(path, options);
  if ('verdict' in loaded) return loaded;
  const subject = toCase(loaded, checkOptionsFor(path, options));
  const { program, env, name, expected = null } = subject;
  if (program.data.length > 0) {
    const why = 'it has data sections, for which the plugin protocol has no place';
    return skipped(name, { kind: 'file', why }, { program, expected });
  }
  const want = interpret(program, env);
  const { memory } = env.input;
  return pluginVerdict(subject, want, await askPlugin(plugin, { code: encode(program.insns), memory }));
}
