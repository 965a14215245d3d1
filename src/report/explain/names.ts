/** The words for rows of registers and of stack frames. */
import { type Image, UNKNOWN_GPR } from '../../core/image.ts';
import type { FrameRole } from '../../oracle/frame-rows.ts';
import { gprName, RBP } from '../../x86/reg.ts';

/** e.g. `incoming arg 8`, `return address`, `saved rbp`, `BPF stack r10-16`, `saved r13 (r7)`. */
export function rowName(role: FrameRole, fpOffset: number, image: Image): string {
  switch (role.kind) {
    case 'incoming':
    case 'outgoing':
      return `${role.kind} arg ${role.position}`;
    case 'return-address':
      return 'return address';
    case 'saved-fp':
      return `saved ${fpName(image)}`;
    case 'bpf-stack':
    case 'private-stack':
      return `BPF stack r10${fpOffset}`;
    case 'saved-reg': {
      const bpf = image.regs?.indexOf(role.reg) ?? -1;
      return `saved ${gprName(role.reg)}${bpf < 0 ? '' : ` (r${bpf})`}`;
    }
    case 'helper':
      return "the helper's";
    case 'canary':
      return "the kernel's";
    case 'own':
      return "the JIT's own";
  }
}

/** The native frame pointer: where r10 is kept. */
export function fpName({ regs }: Image): string {
  const reg = regs?.[10] ?? RBP;
  return gprName(reg === UNKNOWN_GPR ? RBP : reg);
}

/** The native register of a cell: `rdi` of `r1`, `r9` of `in6`; null of a cell that is none. */
export function nativeOf(cell: string, image: Image): string | null {
  if (cell === 'rsp') return 'rsp';
  const [, kind, number] = /^(r|in|out)(\d+)$/.exec(cell) ?? [];
  if (number === undefined) return null;
  if (kind === 'r') {
    const reg = image.regs?.[Number(number)] ?? UNKNOWN_GPR;
    return reg === UNKNOWN_GPR ? null : gprName(reg);
  }
  const place = image.args.bpf[Number(number) - 1];
  return place?.in === 'reg' ? gprName(place.reg) : null;
}

/** e.g. `r3`, `rsp`, `incoming arg 6`. */
export const registerName = (cell: string): string =>
  cell.replace(/^in(\d+)$/, 'incoming arg $1').replace(/^out(\d+)$/, 'outgoing arg $1');
