/** Instructions that cannot be decoded, as findings. */
import type { Flaw } from '../bpf/decode-wire.ts';
import type { Finding } from './finding.ts';

/** undefined: the linter has no rule for it. */
export function flawFinding({ kind, pc, opcode }: Flaw): Finding | undefined {
  switch (kind) {
    case 'opcode':
      return { rule: 'opcode', pc, values: [opcode], path: [] };
    case 'reserved-field':
      return { rule: 'reserved-field', pc, values: [familyOf(opcode)], path: [] };
    case 'ld-imm64':
      return { rule: 'ld-imm64', pc, values: [], path: [] };
    case 'other':
      return undefined;
  }
}

/** By class: what Linux's check_insn_fields() calls an instruction. */
const CLASSES = [
  'BPF_LD_[ABS|IND]',
  'BPF_LDX',
  'BPF_ST',
  'BPF_STX',
  'BPF_ALU',
  'BPF_JMP/JMP32',
  'BPF_JMP/JMP32',
  'BPF_ALU',
];
/** By operation, of classes ALU and JMP. */
const ALU: ReadonlyMap<number, string> = new Map([
  [0x8, 'BPF_NEG'],
  [0xb, 'BPF_MOV'],
  [0xd, 'BPF_END'],
]);
const JUMPS: ReadonlyMap<number, string> = new Map([
  [0x0, 'BPF_JA'],
  [0x8, 'BPF_CALL'],
  [0x9, 'BPF_EXIT'],
]);

function familyOf(opcode: number): string {
  if (opcode === 0x18) return 'BPF_LD_IMM64';
  const known = CLASSES[opcode & 7] ?? '';
  const byOperation = known === 'BPF_ALU' ? ALU : known === 'BPF_JMP/JMP32' ? JUMPS : undefined;
  return byOperation?.get(opcode >> 4) ?? known;
}
