/** What comparing must know of a case beside its two runs. */
import type { Program } from '../bpf/program.ts';
import type { Env } from '../core/env.ts';
import type { Image } from '../core/image.ts';
import {
  CALLEE_BASE,
  CODE_BASE,
  CTX_BASE,
  RECORDER_BASE,
  RECORDER_SIZE,
  STACK_BASE,
  STACK_SIZE,
} from '../core/layout.ts';
import type { Case } from './case.ts';
import { MAX_DIVERGENCES, type MappedRange, type Policy } from './policy.ts';

/** A class: made for every case of a campaign, most of which ask for nothing but limits. */
export class CasePolicy implements Policy {
  readonly insnLimit: number;
  readonly maxDivergences = MAX_DIVERGENCES;
  readonly fuel: number;
  readonly #program: Program;
  readonly #env: Env;
  readonly #image: Image;

  constructor({ program, env }: Case, image: Image, fuel: number) {
    this.insnLimit = env.insnLimit;
    this.fuel = fuel;
    this.#program = program;
    this.#env = env;
    this.#image = image;
  }

  mapped(): readonly MappedRange[] {
    return mappedRanges(this.#program, this.#env, this.#image);
  }

  isReadModifyWrite(pc: number): boolean {
    return this.#program.insns[pc]?.kind === 'atomic';
  }
}

/** Room for code, and for callees after it: engines may map more than the image fills. */
const CODE_ROOM = Number(CALLEE_BASE - CODE_BASE);

/** Memory of the native side, by the one address map (core/layout.ts). A data section has at least a page. */
function mappedRanges(program: Program, env: Env, image: Image): MappedRange[] {
  const data = program.data.map(({ address, bytes, writable }) => {
    return { address, size: Math.max(bytes.length, 1), writable };
  });
  return [
    ...(env.input.native === undefined
      ? [{ address: CTX_BASE, size: env.input.memory.length, writable: true }]
      : []),
    { address: STACK_BASE, size: STACK_SIZE, writable: true },
    // Within the room for callees, and some engines have it.
    { address: RECORDER_BASE, size: RECORDER_SIZE, writable: true },
    { address: image.base, size: CODE_ROOM, writable: false },
    { address: CALLEE_BASE, size: CODE_ROOM, writable: false },
    ...(image.memory === undefined
      ? []
      : [{ address: image.memory.address, size: image.memory.bytes.length, writable: true }]),
    ...data,
  ];
}
