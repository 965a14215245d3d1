/** The fixed suites of the kill matrix, read and assembled: sums as Linux's selftests have them, and bpf_conformance. */
import { join } from 'node:path';
import { load } from '../bpf/load.ts';
import { DEFAULT_INSN_LIMIT } from '../checker.ts';
import { calleeKey } from '../core/env.ts';
import { badInput } from '../core/errors.ts';
import { passes, type StatedTest } from '../fuzz/stated-suite.ts';
import { SELFTEST_KFUNCS, SELFTEST_SUMS, type SelftestSum } from '../mutant/selftest-sums.ts';
import { CONFORMANCE_MODELS } from '../oracle/conformance-models.ts';
import { loadFile } from './load-file.ts';
import { JitOracles, soundCompile } from './mutant-oracles.ts';
import { listDirectory } from './read-file.ts';

export interface Suites {
  readonly selftestSums: readonly StatedTest[];
  /** Absent where no folder was named. */
  readonly conformance?: readonly StatedTest[];
}

/**
 * The tests that pass on the JIT as it is: what fails there says nothing of a broken one. Throws an `input` error
 * for a folder without tests.
 */
export function loadSuites(folder: string | undefined): Suites {
  const oracles = new JitOracles(soundCompile({ bmi2: true }));
  const sound = (suite: readonly StatedTest[]): StatedTest[] =>
    suite.filter((test) => passes(test, oracles.r0Only) === true);
  try {
    return {
      selftestSums: sound(SELFTEST_SUMS.map(selftest)),
      ...(folder === undefined ? {} : { conformance: sound(conformance(folder)) }),
    };
  } finally {
    oracles.close();
  }
}

function selftest({ name, asm, args, expected }: SelftestSum): StatedTest {
  const bytes = new TextEncoder().encode(asm);
  const { program } = load(bytes, { fileName: name, format: 'asm', protos: args });
  const models = new Map(
    [...program.callees.values()].flatMap((callee) => {
      const model = SELFTEST_KFUNCS.get(callee.name);
      return model === undefined ? [] : [[calleeKey(callee), model] as const];
    }),
  );
  const env = { input: { memory: new Uint8Array() }, models, insnLimit: DEFAULT_INSN_LIMIT };
  return { name, program, env, expected };
}

function conformance(folder: string): StatedTest[] {
  const names = listDirectory(folder).filter((name) => name.endsWith('.data'));
  if (names.length === 0)
    throw badInput('mutants', `--conformance ${folder}`, 'holds no .data files; name the folder that does');
  return names.flatMap((name): StatedTest[] => {
    const { program, memory, expected, expectedError, skip } = loadFile(join(folder, name), {
      format: 'data',
    });
    if (skip !== undefined || expectedError !== undefined || expected === undefined) return [];
    const input = { memory: memory ?? new Uint8Array() };
    return [
      { name, program, env: { input, models: CONFORMANCE_MODELS, insnLimit: DEFAULT_INSN_LIMIT }, expected },
    ];
  });
}
