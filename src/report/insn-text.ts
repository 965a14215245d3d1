/** BPF instructions as reports write them. */
import { disassemble } from '../bpf/disasm.ts';
import type { Program } from '../bpf/program.ts';

/** One instruction in LLVM's dialect, calls with the names of their callees. */
export function insnText(program: Program, pc: number): string {
  const insn = program.insns[pc];
  if (insn === undefined) return '(second half of the wide instruction before it)';
  const labels = new Map(program.subprogs.map(({ start, name }) => [start, name]));
  return disassemble(insn, { pc, labels, callees: program.callees });
}
