/** Breaks of rules for single instructions: how r11 and r10 are named, where jumps go, what is no address. */
import { MAX_STACK_ARGS, MAX_STACK_BYTES } from '../../bpf/calling.ts';
import type { Insn } from '../../bpf/insn.ts';
import type { Size } from '../../bpf/load-store.ts';
import { R0, R10 } from '../../bpf/reg.ts';
import { definedRegister, R11 } from './read-breaks.ts';
import { type Break, before, instead, isPlain, type Site } from './site.ts';

const NARROW: readonly Size[] = [1, 2, 4];

/** In the place of a plain instruction. */
const plainly =
  (make: (pick: number, site: Site) => Insn | undefined): Break =>
  (site, pick) => {
    const insn = isPlain(site.insn) ? make(pick, site) : undefined;
    return insn === undefined ? undefined : instead(site, insn);
  };

const load = (base: number, off: number, size: Size = 8): Insn => ({
  kind: 'ldx',
  size,
  sign: false,
  dst: R0,
  src: base,
  off,
});
const store = (base: number, off: number, size: Size = 8): Insn => ({
  kind: 'st',
  size,
  dst: base,
  off,
  imm: 1,
});

/** Slots of stack arguments: 1 to 7. */
const nth = (pick: number): number => 1 + (pick % MAX_STACK_ARGS);

export const FORM_BREAKS = {
  'base-only': plainly((pick) =>
    pick % 2 === 0
      ? { kind: 'alu', op: 'add', width: 64, source: 'K', dst: R11 + (pick % 5), src: 0, imm: pick }
      : { kind: 'alu', op: 'mov', width: 64, source: 'X', dst: R0, src: R11 + (pick % 5), imm: 0 },
  ),
  mode: plainly((pick) =>
    pick % 2 === 0
      ? { kind: 'atomic', op: 'add', size: 8, dst: R11, src: R10, off: -8 * nth(pick) }
      : { kind: 'ldx', size: 4, sign: true, dst: R0, src: R11, off: 8 * nth(pick) },
  ),
  width: plainly((pick) => {
    const size = NARROW[pick % NARROW.length] as Size;
    return pick % 2 === 0 ? store(R11, -8 * nth(pick), size) : load(R11, 8 * nth(pick), size);
  }),
  alignment: plainly((pick) => {
    const odd = 1 + (pick % 7);
    return pick % 2 === 0 ? store(R11, -8 * nth(pick) + odd) : load(R11, 8 * nth(pick) - odd);
  }),
  sign: plainly((pick) =>
    pick % 2 === 0 ? store(R11, 8 * (nth(pick) - 1)) : load(R11, -8 * (nth(pick) - 1)),
  ),
  range: plainly((pick) => store(R11, -8 * (MAX_STACK_ARGS + 1 + (pick % 100)))),
  'read-only-fp': plainly((pick, { state }) => ({
    kind: 'alu',
    op: pick % 2 === 0 ? 'mov' : 'add',
    width: 64,
    source: 'X',
    dst: R10,
    src: definedRegister(state, pick),
    imm: 0,
  })),
  'stack-bounds': plainly((pick) => {
    const off = pick % 3 === 0 ? pick % 9 : -MAX_STACK_BYTES - 8 * (1 + (pick % 50));
    return pick % 2 === 0 ? store(R10, off) : load(R10, off);
  }),
  'no-address': (site, pick) => {
    if (!isPlain(site.insn)) return undefined;
    const number: Insn = { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: R0, src: 0, imm: pick };
    return before(site, [number, pick % 2 === 0 ? load(R0, 8) : store(R0, -8)]);
  },
  'fall-through': (site) => {
    const { pc, insn, subprog } = site;
    return insn.kind === 'exit' && pc + 1 === subprog.end
      ? instead(site, { kind: 'alu', op: 'mov', width: 64, source: 'K', dst: R0, src: 0, imm: 0 })
      : undefined;
  },
  'jump-range': plainly((pick, { pc, subprog, program }) => {
    const target = pick % 2 === 0 ? subprog.start - 1 - (pick % 5) : subprog.end + (pick % 5);
    const isElsewhere = target >= -5 && target <= program.insns.length + 5;
    return isElsewhere ? { kind: 'ja', width: 16, off: target - pc - 1 } : undefined;
  }),
  'jump-middle': plainly((_, { pc, subprog, program }) => {
    for (let slot = subprog.start; slot < subprog.end; slot++)
      if (program.insns[slot] === undefined) return { kind: 'may_goto', off: slot - pc - 1 };
    return undefined;
  }),
  'no-exit': plainly(() => ({ kind: 'ja', width: 16, off: -1 })),
} as const satisfies Readonly<Record<string, Break>>;
