/** Runs a program on the reference and, compiled, under Unicorn, and says how they differ. */
import type { Program } from '../../src/bpf/program.ts';
import type { Env } from '../../src/core/env.ts';
import type { Execution } from '../../src/core/execution.ts';
import { CTX_BASE, STACK_BASE, STACK_SIZE } from '../../src/core/layout.ts';
import type { NativeSubject } from '../../src/emu/native-subject.ts';
import { ImageRunner } from '../../src/emu/run-image.ts';
import { openUnicorn } from '../../src/emu/unicorn.ts';
import { interpret } from '../../src/interp/interpret.ts';
import { type Compiled, compile, defaultAddresses, type JitOptions } from '../../src/jit/compile.ts';
import { compare } from '../../src/oracle/compare.ts';
import { placementOf } from '../../src/oracle/placement.ts';
import { MAX_DIVERGENCES, type Policy } from '../../src/oracle/policy.ts';
import type { Verdict } from '../../src/oracle/verdict.ts';

const FUEL = 1_000_000;

export interface Both {
  readonly compiled: Compiled;
  readonly want: Execution;
  readonly got: Execution;
  readonly verdict: Verdict;
}

export class Machines {
  readonly #runner = new ImageRunner(openUnicorn());

  run(program: Program, env: Env, options: JitOptions = {}): Both {
    const compiled = compile(program, options);
    const { image } = compiled;
    const placement = placementOf(image, program, env.input);
    const want = interpret(program, env, placement === undefined ? {} : { placement });
    const got = this.#runner.run(image, subjectOf(program), env, { fuel: FUEL });
    return { compiled, want, got, verdict: compare(want, got, policyOf(program, env)) };
  }

  close(): void {
    this.#runner.close();
  }
}

function subjectOf(program: Program): NativeSubject {
  const addressOf = defaultAddresses(program);
  return {
    subprogs: program.subprogs,
    callees: [...program.callees.values()].map((ref) => ({ ref, args: ref.args, address: addressOf(ref) })),
    data: program.data,
  };
}

function policyOf(program: Program, env: Env): Policy {
  return {
    insnLimit: env.insnLimit,
    fuel: FUEL,
    mapped: () => [
      { address: CTX_BASE, size: env.input.memory.length, writable: true },
      { address: STACK_BASE, size: STACK_SIZE, writable: true },
      ...program.data.map(({ address, bytes, writable }) => ({ address, size: bytes.length, writable })),
    ],
    isReadModifyWrite: (pc) => program.insns[pc]?.kind === 'atomic',
    maxDivergences: MAX_DIVERGENCES,
  };
}
