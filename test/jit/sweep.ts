/**
 * Packs cases of the sweep into programs: each sets all registers to distinct full-width values, runs its one
 * instruction, and writes all of them to a record of its own in context memory.
 *
 *   record   [0, 80)  r0..r9 after the instruction
 *            [80, 96) its memory afterwards, where the base is r10
 *            [96]     1 if a conditional jump was taken, else 2
 *            [112, 128)  its memory, where the base is another register
 */
import type { Insn } from '../../src/bpf/insn.ts';
import type { Program } from '../../src/bpf/program.ts';
import { CTX_BASE } from '../../src/core/layout.ts';
import { u64 } from '../../src/core/u64.ts';
import { exit, lddw, ldx, link, mov, type RegName, store } from '../kit/insns.ts';
import type { SweepCase } from './sweep-cases.ts';

export const RECORD_BYTES = 128;
export const CASES_PER_PROGRAM = 96;
const STACK_MEMORY = 80;
const TAKEN = 96;
const MEMORY = 112;
/** Where r9 waits while it points to the record, and the mark of a jump. */
const SAVED_R9 = -8;

export interface Packed {
  readonly program: Program;
  readonly memory: Uint8Array;
  readonly cases: readonly SweepCase[];
}

export function pack(cases: readonly SweepCase[]): Packed[] {
  const packs: Packed[] = [];
  for (let i = 0; i < cases.length; i += CASES_PER_PROGRAM) {
    packs.push(packOne(cases.slice(i, i + CASES_PER_PROGRAM)));
  }
  return packs;
}

function packOne(cases: readonly SweepCase[]): Packed {
  const memory = new Uint8Array(cases.length * RECORD_BYTES);
  const view = new DataView(memory.buffer);
  const insns: Insn[] = [];
  cases.forEach((each, i) => {
    if (each.memory !== undefined && each.base?.reg !== 10) {
      const at = i * RECORD_BYTES + MEMORY;
      view.setBigUint64(at, each.memory[0], true);
      view.setBigUint64(at + 8, each.memory[1], true);
    }
    insns.push(...block(each, CTX_BASE + BigInt(i * RECORD_BYTES), i));
  });
  insns.push(mov('r0', 0), exit);
  return { program: link([insns]), memory, cases };
}

/** A value nobody else has: all bytes differ, the top bit is set. */
const filler = (reg: number, i: number): bigint =>
  u64(0x8f1e_2d3c_4b5a_6978n + BigInt(reg) * 0x0101_0203_0507_0b0dn + BigInt(i) * 0x0001_0003_0009_001bn);

function block({ insn, regs, base, memory }: SweepCase, record: bigint, i: number): Insn[] {
  const before: Insn[] = [];
  const after: Insn[] = [];
  if (base?.reg === 10 && memory !== undefined) {
    // Both words through r0, then back into the record. The end of the frame leaves room for one.
    const words = base.off > -16 ? 1 : 2;
    for (let k = 0; k < words; k++) {
      before.push(lddw('r0', memory[k] as bigint), store(8, 'r10', base.off + 8 * k, 'r0'));
      after.push(ldx(8, 'r0', 'r10', base.off + 8 * k), store(8, 'r9', STACK_MEMORY + 8 * k, 'r0'));
    }
  }
  for (let n = 0; n < 10; n++) {
    const own = base !== undefined && base.reg === n ? record + BigInt(MEMORY - base.off) : regs.get(n);
    before.push(lddw(`r${n}`, own ?? filler(n, i)));
  }
  if (insn.kind === 'jcc') {
    before.push(store(8, 'r10', -16, 1));
    after.push(ldx(8, 'r0', 'r10', -16), store(8, 'r9', TAKEN, 'r0'));
  }
  return [
    ...before,
    insn,
    ...(insn.kind === 'jcc' ? [store(8, 'r10', -16, 2)] : []),
    ...dump(record),
    ...after,
  ];
}

function dump(record: bigint): Insn[] {
  const insns: Insn[] = [store(8, 'r10', SAVED_R9, 'r9'), lddw('r9', record)];
  for (let n = 0; n < 9; n++) insns.push(store(8, 'r9', 8 * n, `r${n}` as RegName));
  insns.push(ldx(8, 'r0', 'r10', SAVED_R9), store(8, 'r9', 72, 'r0'));
  return insns;
}

/** The cases whose records differ, with both. */
export function differing({ cases }: Packed, want: Uint8Array, got: Uint8Array): string[] {
  return cases.flatMap((each, i) => {
    const [w, g] = [want, got].map((bytes) =>
      Buffer.from(bytes.subarray(i * RECORD_BYTES, (i + 1) * RECORD_BYTES)).toString('hex'),
    );
    if (w === g) return [];
    const regs = [...each.regs].map(([n, v]) => `r${n}=${v.toString(16)}`).join(' ');
    return [
      `${JSON.stringify(each.insn, (_, v) => (typeof v === 'bigint' ? `${v}` : v))} ${regs}: want ${w}, got ${g}`,
    ];
  });
}
