/** Tail calls to instructions, by where their index comes from. */
import { TAIL_CALL_HELPER } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import { aluImm, call, ja, jccImm, lddw, load, movImm, st, storeImm } from '../../bpf/make-insn.ts';
import type { TailStep } from './spec.ts';

const [R0, R1, R3, FP] = [0, 1, 3, 10];
/** Entries that a counter chooses from; some may be past the end. */
const COUNTED_MASK = 3;
const WIDE = 0x5_0000_0000n;
/** Below all words that functions use otherwise. */
const SPILL = -48;

const TAIL_CALL: Insn = call('helper', TAIL_CALL_HELPER);

/** With the context in r1; `map` sets r2. */
export function tailCall(
  { index, by }: Extract<TailStep, { kind: 'tail' }>,
  entries: number,
  map: Insn,
): Insn[] {
  const folded = index % (entries + 1);
  const other = (index + 1) % (entries + 1);
  switch (by) {
    case 'imm':
      return [movImm(R3, folded), map, TAIL_CALL];
    case 'wide':
      return [lddw(R3, WIDE + BigInt(folded)), map, TAIL_CALL];
    case 'counted':
      return [...counted(COUNTED_MASK, R3), map, TAIL_CALL];
    case 'before-branch':
      return [movImm(R3, folded), map, ...onOddCounter(movImm(R0, 1)), TAIL_CALL];
    case 'on-one-way':
      return [movImm(R3, folded), ...onOddCounter(movImm(R3, other)), map, TAIL_CALL];
    case 'compared':
      // A tail call each for an index that is equal, and one that is not.
      return [...counted(COUNTED_MASK, R3), map, equal(R3, folded, 2), TAIL_CALL, GO_PAST, TAIL_CALL];
    case 'spilled':
      return [
        storeImm(FP, SPILL, folded),
        ...onOddCounter(movImm(R0, 1)),
        load(R3, FP, SPILL),
        map,
        TAIL_CALL,
      ];
    case 'half-overwritten':
      return [
        storeImm(FP, SPILL, folded),
        ...onOddCounter(st(1, FP, SPILL, other)),
        load(R3, FP, SPILL),
        map,
        TAIL_CALL,
      ];
  }
}

const counted = (mask: number, dst: number): Insn[] => [load(dst, R1, 0), aluImm('and', dst, mask)];
const onOddCounter = (insn: Insn): Insn[] => [...counted(1, R0), equal(R0, 0, 1), insn];

const equal = (dst: number, imm: number, off: number): Insn => jccImm('jeq', dst, imm, off);
const GO_PAST: Insn = ja(1);
