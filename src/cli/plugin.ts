/**
 * `run --plugin`: the plugin protocol of bpf_conformance (tools/bpf_conformance.cc). Its runner calls
 *
 *   plugin [memory] options… [--elf]        program, or the ELF object, as hex on standard input
 *
 * and takes r0 in hex from standard output; after a failure, the message from standard error.
 */
import type { Loaded } from '../bpf/loaded.ts';
import { badInput } from '../core/errors.ts';
import type { Io } from './io.ts';
import { type PluginCall, parsePluginCall } from './plugin-call.ts';

/** Prints r0 as bare hex. Throws an `input` error that says why there is none. */
export async function runPlugin(argv: readonly string[], io: Io): Promise<void> {
  const { load } = await import('../bpf/load.ts');
  const { parseHex } = await import('./hex.ts');
  const call = parsePluginCall(argv);
  const bytes = parseHex(call.program ?? new TextDecoder().decode(io.stdin()), 'program');
  const loaded = load(bytes, { fileName: 'program', format: call.elf ? 'elf' : 'bin' });
  const r0 = await (call.machine === 'jit' ? nativeR0(loaded, call) : referenceR0(loaded, call));
  io.stdout(`${r0.toString(16)}\n`);
}

async function referenceR0(loaded: Loaded, { memory }: PluginCall): Promise<bigint> {
  const { toCase } = await import('../checker.ts');
  const { interpret } = await import('../interp/interpret.ts');
  const { CONFORMANCE_MODELS } = await import('../oracle/conformance-models.ts');
  const { stopText } = await import('../report/words.ts');
  const { program, env } = toCase(loaded, { memory, models: CONFORMANCE_MODELS });
  const { outcome } = interpret(program, env);
  if (outcome.kind === 'exit') return outcome.r0;
  throw badInput('run', 'program', stopText(outcome, env.insnLimit, { program, image: null }));
}

/** The JIT's code under the engine; what the reference makes of the program does not matter, if it ends. */
async function nativeR0(loaded: Loaded, { memory }: PluginCall): Promise<bigint> {
  const { check } = await import('../checker.ts');
  const { CONFORMANCE_MODELS } = await import('../oracle/conformance-models.ts');
  const { fuelFor } = await import('../oracle/run.ts');
  const { outcomeText, reasonText } = await import('../report/words.ts');
  const result = check(loaded, { memory, models: CONFORMANCE_MODELS });
  const outcome = result.got?.outcome;
  if (outcome?.kind === 'exit') return outcome.r0;
  if (outcome !== undefined) {
    const fuel = fuelFor(result.want?.insns ?? 0);
    throw badInput('run', 'program', outcomeText(outcome, fuel, result));
  }
  const why = result.reason === null ? 'it was not run' : reasonText(result.reason, result);
  throw badInput('run', 'program', why);
}
